/**
 * The problems of a text: from the kernel, which knows all of them, else from the vocabulary.
 *
 * The page opens a comm of the target `mtl_magic.check`; the kernel answers on it and sends nothing else there, so that
 * it answers on the comm's own subshell while a cell runs.
 */

import type { CodeEditor } from '@jupyterlab/codeeditor';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import { check, type Problem } from '../language/check';
import { answering, opened } from './comm';

const TARGET = 'mtl_magic.check';
const PATIENCE = 1200; // ms after which the kernel is taken for busy, and the vocabulary answers
const KEPT = 64; // answers that came late

interface Reply {
  id?: number;
  problems?: {
    code: string;
    message: string;
    hint: string;
    notes: string[];
    severity: string;
    place: [number, number, number, number] | null;
  }[];
  runs?: string;
  short?: string;
  home?: string;
}

type Asked = { text: string } | { where: 'runs' };

/** Where a kernel keeps runs: the whole path, and from where it works; and its home. */
export interface Said {
  runs: string;
  short: string;
  home: string;
}

/** The comm to one kernel. `closed`: the kernel does not know the target, as before `%load_ext mtl_magic`. */
class Connection {
  closed = false;
  private readonly waiting = new Map<number, (reply: Reply | undefined) => void>();
  private readonly comm: Promise<Kernel.IComm>;
  private readonly asked = new Map<number, string>();
  private readonly late = new Map<string, Reply>();
  private count = 0;

  /** `answered`: called when an answer came that nobody waits for any more; the next to ask for its text has it. */
  constructor(
    kernel: Kernel.IKernelConnection,
    private readonly answered: () => void
  ) {
    this.comm = opened(
      kernel,
      TARGET,
      message => this.receive(message.content.data as Reply),
      () => this.close()
    );
    this.comm.catch(() => this.close());
  }

  private receive(reply: Reply): void {
    const id = reply.id ?? -1;
    const text = this.asked.get(id);
    this.asked.delete(id);
    const waits = this.waiting.get(id);
    if (waits) waits(reply);
    else if (text !== undefined) {
      if (this.late.size >= KEPT) this.late.clear();
      this.late.set(text, reply);
      this.answered();
    }
  }

  private close(): void {
    this.closed = true;
    for (const done of this.waiting.values()) done(undefined);
  }

  async ask(asked: Asked): Promise<Reply | undefined> {
    const text = JSON.stringify(asked);
    const late = this.late.get(text);
    if ('where' in asked) this.late.delete(text); // a cell may change where it keeps its runs; a text stays what it is
    if (late) return late;
    const id = ++this.count;
    this.asked.set(id, text);
    const reply = new Promise<Reply | undefined>(resolve => {
      this.waiting.set(id, resolve);
      setTimeout(() => resolve(undefined), PATIENCE);
    });
    const comm = await Promise.race([this.comm, reply]);
    if (comm && 'send' in comm && !this.closed) comm.send({ id, ...asked } as JSONObject);
    const found = this.closed ? undefined : await reply;
    this.waiting.delete(id);
    return found;
  }
}

export class Checks {
  /** Sent when a kernel may answer otherwise than before. */
  readonly changed = new Signal<this, void>(this);
  private connections = new WeakMap<Kernel.IKernelConnection, Connection>();
  private readonly said = new WeakMap<NotebookPanel, Said>();

  constructor(private readonly tracker: INotebookTracker | null) {}

  /** The problems of an editor's text, in its order. */
  async problems(text: string, model: CodeEditor.IModel | null): Promise<Problem[]> {
    const kernel = model && this.kernelOf(model);
    const reply = kernel ? await this.connection(kernel).ask({ text }) : undefined;
    return reply?.problems ? reply.problems.map(p => placed(p, text)) : check(text);
  }

  /** Where a notebook's kernel keeps its runs, as it says or has said; undefined: it never did. */
  async runsOf(panel: NotebookPanel): Promise<Said | undefined> {
    const kernel = answering(panel.sessionContext.session?.kernel);
    const ours = panel.content.widgets.some(({ model }) => /\bmtl/.test(model.sharedModel.getSource()));
    const reply = kernel && ours ? await this.connection(kernel).ask({ where: 'runs' }) : undefined;
    if (reply?.runs) {
      const { runs, short = runs, home = '' } = reply;
      this.said.set(panel, { runs, short, home });
    }
    return this.said.get(panel);
  }

  /** Forget what kernels said of the target: the extension may have been loaded since. */
  refresh(kernel: Kernel.IKernelConnection | null | undefined, restarted = false): void {
    if (kernel && (restarted || this.connections.get(kernel)?.closed)) this.connections.delete(kernel);
    this.changed.emit();
  }

  private connection(kernel: Kernel.IKernelConnection): Connection {
    const known = this.connections.get(kernel);
    if (known) return known;
    const made = new Connection(kernel, () => this.changed.emit());
    this.connections.set(kernel, made);
    return made;
  }

  private kernelOf(model: CodeEditor.IModel): Kernel.IKernelConnection | null {
    const panel = this.tracker?.find(p => p.content.widgets.some(cell => (cell.model as unknown) === model));
    return answering(panel?.sessionContext.session?.kernel);
  }
}

/** A problem of the kernel, whose lines and columns count code points from 1. */
function placed(problem: NonNullable<Reply['problems']>[number], text: string): Problem {
  const { place, ...said } = problem;
  const lines = text.split(/\r\n|\r|\n/);
  const offset = (line: number, column: number) => {
    const above = lines.slice(0, line - 1).reduce((sum, l) => sum + l.length + 1, 0);
    const points = [...(lines[line - 1] ?? '')].slice(0, column - 1);
    return Math.min(above + points.join('').length, text.length);
  };
  if (!place) return { ...said, start: 0, end: lines[0]!.length };
  const start = offset(place[0], place[1]);
  return { ...said, start, end: Math.max(offset(place[2], place[3]), start) };
}
