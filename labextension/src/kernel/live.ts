/**
 * The panel's line to one kernel: two comms, both opened here. Only this page speaks on the one, and only the kernel on the
 * other, so that ipykernel 7.4 hears what is said while it runs a cell. `mtl_magic/dashboard/panel.py` says what travels.
 */

import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';

import { greet } from '../../shared/buttons';
import type { Cleanup } from '../../shared/model';
import type { Buffer } from '../../shared/series';
import { opened } from './comm';
import { Training, type About, type Rows } from './training';

const AGAIN = 700; // ms until the kernel is asked once more for what it keeps; each time twice as long
const LONGEST = 60_000;

interface Message extends Rows {
  do: 'snapshot' | 'rows' | 'wheel' | 'begun' | 'ended' | 'kept';
  view: string;
  training: About | null;
  wheel: JSONObject;
  n: number;
}

export class Live {
  /** The last training of the kernel; null: there was none; undefined: nobody has said so yet. */
  training: Training | null | undefined;
  /** The kernel knows no such comm: the extension is not loaded there. */
  closed = false;
  /** Settings that this page has sent. */
  sent = 0;

  private readonly control: Promise<Kernel.IComm>;
  private comm: Kernel.IComm | undefined; // `control`, once it is open
  private view = '';
  private timer: ReturnType<typeof setTimeout> | undefined;
  private greeting: Cleanup = () => undefined;

  /** `changed`: called with each thing that is heard. */
  constructor(
    kernel: Kernel.IKernelConnection,
    private readonly changed: () => void
  ) {
    const page = id();
    const gone = () => this.end('', true);
    void opened(kernel, 'mtl_magic.feed', message => this.hear(message), gone, { page }).catch(gone);
    this.control = opened(kernel, 'mtl_magic.control', () => undefined, gone, { page });
    this.control.then(comm => (this.comm = comm), gone);
  }

  /** Whether a person looks: then the kernel tells what happens, else only when a training begins and ends. */
  see(seen: boolean): void {
    if (seen === Boolean(this.view) || this.closed) return;
    clearTimeout(this.timer);
    this.view = seen ? id() : '';
    if (seen) this.hello(this.view, AGAIN);
    else this.say({ do: 'bye' });
  }

  /** The kernel has gone, or does not want us. */
  end(word: string, closed = false): void {
    clearTimeout(this.timer);
    this.greeting();
    this.closed = closed;
    this.training?.end(word);
    this.changed();
  }

  private hello(view: string, wait: number): void {
    this.say({ do: 'hello', view });
    this.timer = setTimeout(() => this.hello(view, Math.min(2 * wait, LONGEST)), wait);
  }

  private say(message: JSONObject): void {
    const send = (comm: Kernel.IComm) => comm.isDisposed || this.closed || comm.send(message);
    if (this.comm) send(this.comm);
    else void this.control.then(send, () => undefined);
  }

  private hear({ content, buffers = [] }: KernelMessage.ICommMsgMsg): void {
    const message = content.data as unknown as Message;
    const training = this.training;
    switch (message.do) {
      case 'snapshot':
        if (message.view !== this.view) return;
        clearTimeout(this.timer);
        this.training = message.training && this.begin(message.training, buffers.slice(message.frames.length));
        this.training?.take(message, buffers);
        break;
      case 'begun':
        this.training = this.begin(message.training!);
        break;
      case 'ended':
        training?.end('');
        break;
      case 'kept':
        if (training) training.kept = true;
        break;
      case 'rows':
        training?.take(message, buffers);
        break;
      case 'wheel':
        training?.wheel.take(message.wheel, message.n);
    }
    this.changed();
  }

  private begin(about: About, buffers: Buffer[] = []): Training {
    const training = new Training(about, message => this.say(message), this, buffers);
    this.greeting();
    if (!training.over) this.greeting = greet(training.wheel); // so the kernel finds out whether it hears while it trains
    return training;
  }
}

const id = (): string => crypto.randomUUID?.() ?? String(Math.random());
