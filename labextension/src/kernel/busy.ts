/**
 * Which notebooks run a cell. `kernel.status` does not tell: it says idle after each comm message, while the cell goes on.
 */

import type { Cell } from '@jupyterlab/cells';
import { NotebookActions, type Notebook } from '@jupyterlab/notebook';

export class Busy {
  private readonly running = new WeakMap<Notebook, Set<Cell>>();

  constructor() {
    NotebookActions.executionScheduled.connect(this.began, this);
    NotebookActions.executed.connect(this.ended, this);
  }

  /** Whether a cell of the notebook runs, or waits to. */
  of(notebook: Notebook): boolean {
    const cells = [...(this.running.get(notebook) ?? [])].filter(cell => !cell.isDisposed);
    return cells.length > 0;
  }

  dispose(): void {
    NotebookActions.executionScheduled.disconnect(this.began, this);
    NotebookActions.executed.disconnect(this.ended, this);
  }

  private began(_: unknown, { notebook, cell }: { notebook: Notebook; cell: Cell }): void {
    const cells = this.running.get(notebook) ?? new Set();
    this.running.set(notebook, cells.add(cell));
  }

  private ended(_: unknown, { notebook, cell }: { notebook: Notebook; cell: Cell }): void {
    this.running.get(notebook)?.delete(cell);
  }
}
