import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IEditorExtensionRegistry, IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { MIME } from '../editor/editors';
import { mtl } from '../editor/mode';
import { Highlighting } from '../editor/switch';
import { IHighlighting } from '../tokens';
import { follow } from './settings';

const ID = 'mtl-magic:highlight';

/** Colours in `%%mtl` cells and `.mtl` files. */
export const highlight: JupyterFrontEndPlugin<IHighlighting> = {
  id: ID,
  description: 'Colours the language in %%mtl cells and .mtl files.',
  autoStart: true,
  provides: IHighlighting,
  requires: [IEditorExtensionRegistry, IEditorLanguageRegistry],
  optional: [ISettingRegistry, ITranslator],
  activate: (
    app,
    extensions: IEditorExtensionRegistry,
    languages: IEditorLanguageRegistry,
    settings: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('mtl_magic');
    if (!languages.findByName('mtl')) {
      const displayName = trans.__('Multi-task model');
      languages.addLanguage({ name: 'mtl', displayName, mime: MIME, extensions: ['mtl'], support: mtl() });
    }
    app.docRegistry.addFileType({
      name: 'mtl',
      displayName: trans.__('Multi-task model'),
      extensions: ['.mtl'],
      mimeTypes: [MIME],
      contentType: 'file',
      fileFormat: 'text'
    });
    const highlighting = new Highlighting();
    extensions.addExtension({
      name: ID,
      factory: ({ model }) => {
        highlighting.watch(model);
        return null;
      }
    });
    void follow(settings, ID, ({ enabled }) => (highlighting.on = enabled !== false));
    return highlighting;
  }
};
