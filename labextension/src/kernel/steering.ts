/** Follows the notebook in front, its kernel, and what trains there. */

import { NotebookActions, type Notebook, type INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import type { ITraining } from '../tokens';
import { answering } from './comm';
import { Live } from './live';
import type { Training } from './training';

const OURS = /\bmtl/; // `%%mtl`, `%load_ext mtl_magic`

export class Steering {
  /** Another training is steered, or none; or it is now in the index of runs, or there with its end. */
  readonly changed = new Signal<this, void>(this);
  /** Something is to be shown anew. */
  readonly told = new Signal<this, void>(this);
  /** The notebook in front. */
  panel: NotebookPanel | null = null;

  private readonly lives = new WeakMap<Kernel.IKernelConnection, Live>();
  private live: Live | undefined;
  private training: ITraining | null = null;
  private stage = '';
  private seen = false;
  private restarted = false;

  constructor(private readonly tracker: INotebookTracker | null) {
    tracker?.currentChanged.connect(this.follow, this);
    tracker?.widgetAdded.connect((_, panel) => {
      const { sessionContext } = panel;
      sessionContext.kernelChanged.connect(() => this.follow());
      sessionContext.statusChanged.connect((_, status) => this.status(panel, status));
      panel.context.pathChanged.connect(() => this.told.emit());
      panel.disposed.connect(() => this.follow());
    });
    NotebookActions.executionScheduled.connect((_: unknown, { notebook }: { notebook: Notebook }) =>
      this.ran(notebook)
    );
    NotebookActions.executed.connect((_: unknown, { notebook }: { notebook: Notebook }) => this.ran(notebook, true));
    document.addEventListener('visibilitychange', () => this.see(this.seen));
    window.addEventListener('pagehide', () => this.live?.see(false));
    this.follow();
  }

  /** What can be steered; its commands are sent where the kernel trains. */
  get current(): ITraining | null {
    return this.training;
  }

  /** What is shown, to its end and after. */
  get shown(): Training | null {
    return this.live?.training?.about.sketch === undefined ? null : this.live.training;
  }

  /** Whether the kernel has no such extension. */
  get closed(): boolean {
    return Boolean(this.live?.closed);
  }

  /** Whether the panel is seen; hidden it hears nothing, and the kernel may forget it where there are many. */
  see(seen: boolean): void {
    this.seen = seen;
    if (this.visible && this.live?.closed && this.panel) this.forget(this.panel);
    this.follow();
  }

  private get visible(): boolean {
    return this.seen && document.visibilityState !== 'hidden';
  }

  private look(): void {
    this.live?.see(this.visible);
  }

  private follow(): void {
    const panel = this.tracker?.currentWidget ?? null;
    this.panel = panel?.isDisposed ? null : panel;
    const kernel = answering(this.panel?.sessionContext.session?.kernel);
    let live = kernel ? this.lives.get(kernel) : undefined;
    if (kernel && !live && this.panel && ours(this.panel)) {
      live = new Live(kernel, () => this.tell());
      this.lives.set(kernel, live);
      kernel.disposed.connect(() => this.lives.delete(kernel));
    }
    if (live !== this.live) this.live?.see(false);
    this.live = live;
    this.look();
    this.tell();
  }

  private tell(): void {
    const training = this.live?.training;
    const now = training && !training.over ? training : null;
    const stage = training?.stage ?? '';
    if (now !== this.training || stage !== this.stage) {
      this.training = now;
      this.stage = stage;
      this.changed.emit();
    }
    this.told.emit();
  }

  /** A cell of a notebook runs, or has run: it may have loaded the extension. */
  private ran(notebook: Notebook, whole = false): void {
    if (this.panel?.content !== notebook) return;
    if (whole && this.live?.closed) this.forget(this.panel);
    if (!this.live) this.follow();
  }

  private status(panel: NotebookPanel, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      this.forget(panel);
      this.restarted = true;
    } else if (status === 'idle' && this.restarted && panel === this.panel) {
      this.restarted = false;
      this.follow();
    }
  }

  private forget(panel: NotebookPanel): void {
    const kernel = panel.sessionContext.session?.kernel;
    const live = kernel && this.lives.get(kernel);
    if (!live) return;
    this.lives.delete(kernel);
    if (live === this.live) this.live = undefined;
    live.end('');
    this.tell();
  }
}

function ours(panel: NotebookPanel): boolean {
  return panel.content.widgets.some(({ model }) => OURS.test(model.sharedModel.getSource()));
}
