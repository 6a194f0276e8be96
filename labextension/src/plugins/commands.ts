import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';

import { active, underMenu, checkCell, dryRun, explain, insert, type Active } from '../commands/cells';
import { Ids, nothing } from '../commands/ids';
import { openQuickstart } from '../commands/quickstart';
import { icon } from '../icon';
import { BEFORE, START, TEMPLATE } from '../templates';
import { IChecks, IHighlighting, ISteering } from '../tokens';

const MAGIC = '%%mtl'; // in a sentence to be translated, %% would be one %

/** Commands in the palette, the menu of `%%mtl` cells and the launcher; the schema binds keys to them. */
export const commands: JupyterFrontEndPlugin<void> = {
  id: 'mtl-magic:commands',
  description: 'Commands for %%mtl cells: in the palette, the menu of a cell, and the launcher.',
  autoStart: true,
  requires: [IChecks, ISteering],
  optional: [INotebookTracker, IHighlighting, ICommandPalette, ILauncher, IDefaultFileBrowser, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    checks: IChecks,
    steering: ISteering,
    tracker: INotebookTracker | null,
    highlighting: IHighlighting | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    browser: IDefaultFileBrowser | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('mtl_magic');
    addCellCommands(app, tracker, checks, trans);
    addSteering(app, steering, trans);
    if (highlighting) {
      app.commands.addCommand(Ids.highlight, {
        label: trans.__('Colour %1 cells', MAGIC),
        isToggled: () => highlighting.on,
        describedBy: nothing,
        execute: () => {
          highlighting.on = !highlighting.on;
          app.commands.notifyCommandChanged(Ids.highlight);
        }
      });
    }
    app.commands.addCommand(Ids.quickstart, {
      label: trans.__('MTL quickstart'),
      caption: trans.__('Open a notebook that trains a multi-task model in one cell'),
      icon,
      describedBy: nothing,
      execute: () => openQuickstart(app, browser?.model.path ?? '')
    });
    launcher?.add({ command: Ids.quickstart, category: trans.__('Notebook'), rank: 100 });
    const category = trans.__('Multi-task');
    for (const command of Object.values(Ids)) {
      if (app.commands.hasCommand(command)) palette?.addItem({ command, category });
    }
  }
};

function addCellCommands(
  app: JupyterFrontEnd,
  tracker: INotebookTracker | null,
  checks: IChecks,
  trans: TranslationBundle
): void {
  const cellOf = (args: { menu?: unknown }) => (args.menu ? underMenu(app, tracker) : active(tracker));
  const onCell = (id: string, label: string, caption: string, run: (cell: Active) => Promise<void>) =>
    app.commands.addCommand(id, {
      label,
      caption,
      isEnabled: args => cellOf(args) !== undefined,
      isVisible: args => cellOf(args) !== undefined,
      describedBy: {
        args: {
          type: 'object',
          properties: { menu: { type: 'boolean', description: trans.__('Whether the cell under the menu is meant') } }
        }
      },
      execute: async args => {
        const cell = cellOf(args);
        if (cell) await run(cell);
      }
    });
  app.commands.addCommand(Ids.insert, {
    label: trans.__('Insert %1 Cell', MAGIC),
    caption: trans.__('Insert a cell that declares a multi-task model'),
    isEnabled: () => Boolean(tracker?.currentWidget),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          text: { type: 'string', description: trans.__('The text of the cell, if it is not the usual one') }
        }
      }
    },
    execute: async ({ text }) => {
      const panel = tracker?.currentWidget;
      if (panel) await insert(panel, typeof text === 'string' ? text : TEMPLATE);
    }
  });
  app.commands.addCommand(Ids.example, {
    label: trans.__('Insert Example'),
    caption: trans.__('Insert cells that load a small feed log and train a multi-task model on it'),
    isEnabled: () => Boolean(tracker?.currentWidget),
    describedBy: nothing,
    execute: async () => {
      const panel = tracker?.currentWidget;
      if (!panel) return;
      for (const text of [BEFORE, START]) await insert(panel, text);
    }
  });
  onCell(
    Ids.explain,
    trans.__('Explain %1 Cell', MAGIC),
    trans.__('Show what the cell would do; nothing is trained'),
    explain
  );
  onCell(
    Ids.dryRun,
    trans.__('Dry-run %1 Cell', MAGIC),
    trans.__('Try everything up to the training, and show only what fails'),
    cell => dryRun(cell, trans)
  );
  onCell(Ids.check, trans.__('Check %1 Cell', MAGIC), trans.__('Find the problems of the text; nothing is run'), cell =>
    checkCell(cell, checks, trans)
  );
  const update = () => {
    for (const id of [Ids.insert, Ids.example, Ids.explain, Ids.dryRun, Ids.check])
      app.commands.notifyCommandChanged(id);
  };
  tracker?.activeCellChanged.connect(update);
  tracker?.currentChanged.connect(update);
}

function addSteering(app: JupyterFrontEnd, steering: ISteering, trans: TranslationBundle): void {
  const steer = (id: string, label: string, act: 'pause' | 'resume' | 'stop') =>
    app.commands.addCommand(id, {
      label,
      isEnabled: () => steering.current !== null,
      describedBy: nothing,
      execute: () => steering.current?.[act]()
    });
  steer(Ids.pause, trans.__('Pause Training'), 'pause');
  steer(Ids.resume, trans.__('Resume Training'), 'resume');
  steer(Ids.stop, trans.__('Stop Training'), 'stop');
  steering.changed.connect(() => {
    for (const id of [Ids.pause, Ids.resume, Ids.stop]) app.commands.notifyCommandChanged(id);
  });
}
