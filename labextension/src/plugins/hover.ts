import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { Hover } from '../editor/hover';
import { follow } from './settings';

const ID = 'mtl-magic:hover';

/** What a word means, under the mouse. */
export const hover: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: "Shows a word's meaning, signature and formula in %%mtl cells and .mtl files.",
  autoStart: true,
  requires: [IEditorExtensionRegistry],
  optional: [ISettingRegistry],
  activate: (_app, extensions: IEditorExtensionRegistry, settings: ISettingRegistry | null) => {
    const hover = new Hover();
    extensions.addExtension({
      name: ID,
      factory: ({ model }) => EditorExtensionRegistry.createImmutableExtension(hover.extension(model))
    });
    void follow(settings, ID, ({ enabled }) => (hover.on = enabled !== false));
  }
};
