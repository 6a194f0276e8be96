import { ILabShell, ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Sidebar } from '../sidebar/panel';

/** The panel beside the notebook; its parts are added with `addPart`. */
export const sidebar: JupyterFrontEndPlugin<void> = {
  id: 'mtl-magic:sidebar',
  description: 'A panel beside the notebook for its multi-task models.',
  autoStart: true,
  optional: [ILabShell, ILayoutRestorer, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    shell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ) => {
    const panel = new Sidebar(app.commands, (translator ?? nullTranslator).load('mtl_magic'));
    app.shell.add(panel, 'right', { rank: 900, type: shell ? 'Multi-task' : '' });
    restorer?.add(panel, panel.id);
  }
};
