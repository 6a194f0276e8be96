/** What the commands do with a notebook's cells. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { Cell, CodeCell } from '@jupyterlab/cells';
import { NotebookActions, type INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { OutputArea } from '@jupyterlab/outputarea';
import type { KernelMessage } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import { bodyStart, isCell } from '../language/cell';
import type { Checks } from '../kernel/checks';

/** The `%%mtl` cell that is active in the notebook in front. */
export interface Active {
  panel: NotebookPanel;
  cell: CodeCell;
  text: string;
}

export function active(tracker: INotebookTracker | null): Active | undefined {
  return ours(tracker?.currentWidget, tracker?.currentWidget?.content.activeCell);
}

/** The `%%mtl` cell under the menu; another may be active. */
export function underMenu(app: JupyterFrontEnd, tracker: INotebookTracker | null): Active | undefined {
  const node = app.contextMenuHitTest(element => element.classList.contains('jp-Cell'));
  const panel = tracker?.currentWidget;
  return ours(
    panel,
    panel?.content.widgets.find(cell => cell.node === node)
  );
}

function ours(panel: NotebookPanel | null | undefined, cell: Cell | null | undefined): Active | undefined {
  if (!panel || cell?.model.type !== 'code') return undefined;
  const text = cell.model.sharedModel.getSource();
  return isCell(text) ? { panel, cell: cell as CodeCell, text } : undefined;
}

/** A code cell below the active one, or in its place where that is empty; once the notebook has its cells. */
export async function insert(panel: NotebookPanel, text: string): Promise<void> {
  await panel.context.ready;
  if (panel.isDisposed) return;
  const { content } = panel;
  if (content.activeCell?.model.sharedModel.getSource().trim() || content.activeCell?.model.type !== 'code') {
    NotebookActions.insertBelow(content);
    NotebookActions.changeCellType(content, 'code');
  }
  content.activeCell!.model.sharedModel.setSource(text);
  content.mode = 'edit';
}

/** Puts the cursor into a cell; it may be out of sight, and then has no editor yet. */
export async function goTo(panel: NotebookPanel, cell: Cell, offset: number): Promise<void> {
  const { content } = panel;
  const index = content.widgets.indexOf(cell);
  if (index < 0) return;
  content.activeCellIndex = index;
  content.mode = 'edit';
  await content.scrollToItem(index);
  await cell.ready;
  const place = cell.editor?.getPositionAt(offset);
  if (!place) return;
  cell.editor?.setCursorPosition(place);
  cell.editor?.focus();
}

/** The cell with flags added to its first line, before a comment there. */
export function flagged(text: string, flags: string): string {
  const end = bodyStart(text) - 1;
  return `${text.slice(0, end).replace(/(\s#.*)?$/, ` ${flags}$1`)}${text.slice(end)}`;
}

/** What the cell would do, below it. Nothing is trained, and its text stays as it is. */
export async function explain({ panel, cell, text }: Active): Promise<void> {
  await OutputArea.execute(flagged(text, '--explain'), cell.outputArea, panel.sessionContext);
}

/** Everything up to the training, shown only where it fails. */
export async function dryRun({ panel, text }: Active, trans: TranslationBundle): Promise<void> {
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel) {
    Notification.warning(trans.__('There is no kernel that could try the cell.'));
    return;
  }
  const future = kernel.requestExecute({ code: flagged(text, '--explain --quiet'), store_history: false });
  let failed = '';
  future.onIOPub = message => {
    if (message.header.msg_type === 'error') failed = (message as KernelMessage.IErrorMsg).content.evalue;
  };
  await future.done;
  if (failed) Notification.error(failed.split('\n')[0]!, { autoClose: false });
  else Notification.success(trans.__('This cell would train.'), { autoClose: 4000 });
}

/** The number of problems, and the cursor at the first. */
export async function checkCell(
  { panel, cell, text }: Active,
  checks: Checks,
  trans: TranslationBundle
): Promise<void> {
  const found = await checks.problems(text, cell.model);
  const [first] = found;
  if (!first) {
    Notification.success(trans.__('No problem was found in this cell.'), { autoClose: 4000 });
    return;
  }
  await goTo(panel, cell, first.start);
  const many = trans._n('One problem: %2', '%1 problems; the first: %2', found.length, first.message);
  Notification.error(many, { autoClose: 8000 });
}
