/** A section about the cells of the notebook in front: it looks again when another comes there, or a cell changes. */

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import { Section } from './section';

export abstract class Front<T> extends Section<T> {
  protected panel: NotebookPanel | null = null;

  /** `delay`: milliseconds after a change. */
  constructor(
    title: string,
    private readonly tracker: INotebookTracker | null,
    private readonly delay: number
  ) {
    super(title);
    tracker?.currentChanged.connect(this.follow, this);
    this.follow();
  }

  private follow(): void {
    this.panel?.content.modelContentChanged.disconnect(this.typed, this);
    this.panel = this.tracker?.currentWidget ?? null;
    this.panel?.content.modelContentChanged.connect(this.typed, this);
    this.invalidate();
  }

  private typed(): void {
    this.invalidate(this.delay);
  }
}
