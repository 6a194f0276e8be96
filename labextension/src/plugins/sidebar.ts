import { ILabShell, ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { trans as words } from '../../shared/words';
import { SHOW_PANEL, nothing } from '../commands/ids';
import { live } from '../sidebar/live/parts';
import { offline } from '../sidebar/offline';
import { Sidebar } from '../sidebar/panel';
import { IChecks, ISteering } from '../tokens';
import { follow } from './settings';

const ID = 'mtl-magic:sidebar';

/** The panel beside the notebook; its parts are added with `addPart`. */
export const sidebar: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'A panel beside the notebook for its multi-task models.',
  autoStart: true,
  requires: [IChecks],
  optional: [ISteering, INotebookTracker, ILabShell, ILayoutRestorer, ICommandPalette, ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    checks: IChecks,
    steering: ISteering | null,
    tracker: INotebookTracker | null,
    shell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('mtl_magic');
    const panel = new Sidebar(trans);
    const { commands } = app;
    const { contents } = app.serviceManager;
    let folder = '';
    const shared = { commands, contents, tracker, checks, steering, trans, setting: () => folder };
    words.__ = trans.__.bind(trans);
    for (const [part, rank] of [...live(shared), ...offline(shared)]) panel.addPart(part, rank);
    panel.seen.connect((_, seen) => steering?.see(seen));
    app.shell.add(panel, 'right', { rank: 900, type: shell ? 'Multi-task' : '' });
    restorer?.add(panel, panel.id);
    commands.addCommand(SHOW_PANEL, {
      label: trans.__('Show Multi-Task Panel'),
      describedBy: nothing,
      execute: () => app.shell.activateById(panel.id)
    });
    palette?.addItem({ command: SHOW_PANEL, category: trans.__('Multi-task') });
    void follow(settings, ID, ({ runs }) => (folder = typeof runs === 'string' ? runs : ''));
  }
};
