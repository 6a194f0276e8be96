import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Lint } from '../editor/lint';
import { IChecks } from '../tokens';
import { follow } from './settings';

const ID = 'mtl-magic:lint';

/** The problems of a cell, as it is typed. */
export const lint: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Shows the problems of %%mtl cells and .mtl files as they are typed, with quick fixes.',
  autoStart: true,
  requires: [IEditorExtensionRegistry, IChecks],
  optional: [ISettingRegistry, ITranslator],
  activate: (
    _app,
    extensions: IEditorExtensionRegistry,
    checks: IChecks,
    settings: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const lint = new Lint(checks, (translator ?? nullTranslator).load('mtl_magic'));
    extensions.addExtension({
      name: ID,
      factory: ({ model }) => EditorExtensionRegistry.createImmutableExtension(lint.extension(model))
    });
    void follow(settings, ID, ({ enabled }) => (lint.on = enabled !== false));
  }
};
