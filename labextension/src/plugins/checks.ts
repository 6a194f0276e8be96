import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, NotebookActions, type Notebook, type NotebookPanel } from '@jupyterlab/notebook';

import { Checks } from '../kernel/checks';
import { IChecks } from '../tokens';

/** The problems of a cell: what lint, commands and the sidebar show. */
export const checks: JupyterFrontEndPlugin<IChecks> = {
  id: 'mtl-magic:checks',
  description: 'Finds the problems of %%mtl cells, through the kernel where it is free.',
  autoStart: true,
  provides: IChecks,
  optional: [INotebookTracker],
  activate: (_app, tracker: INotebookTracker | null) => {
    const found = new Checks(tracker);
    const refresh = (panel: NotebookPanel | undefined, restarted = false) =>
      found.refresh(panel?.sessionContext.session?.kernel, restarted);
    tracker?.widgetAdded.connect((_, panel) => {
      panel.sessionContext.kernelChanged.connect(() => refresh(panel, true));
      panel.sessionContext.statusChanged.connect((_, status) => {
        if (status === 'restarting' || status === 'autorestarting') refresh(panel, true);
      });
    });
    NotebookActions.executed.connect(
      (_: unknown, { notebook, cell }: { notebook: Notebook; cell: { model: unknown } }) => {
        const source = (cell.model as { sharedModel: { getSource(): string } }).sharedModel.getSource();
        if (/\b(?:re)?load_ext\b/.test(source)) refresh(tracker?.find(panel => panel.content === notebook));
      }
    );
    return found;
  }
};
