/** The dashboard: what a training does, and in the rows of its tasks the sliders, where it has controls. */

import 'uplot/dist/uPlot.min.css';
import '../shared/base.css';
import '../shared/heat.css';

import { buttons, greet, restful, settings } from '../shared/buttons';
import { Cards } from '../shared/cards';
import { h } from '../shared/dom';
import { Ghost } from '../shared/ghost';
import { ownKeys } from '../shared/keys';
import { gone, referred, type Cleanup, type Model, type Status } from '../shared/model';
import { floats, Store, type Frame } from '../shared/series';
import { themed } from '../shared/theme';
import { made, type Context } from './charts/registry';
import { valuesTable } from './table';

const AGAIN = 700; // milliseconds until the kernel is asked once more for what it keeps
const CALM = 1000; // between two changes of the table for screen readers

interface Message {
  do: 'rows' | 'snapshot';
  view?: string;
  frames: Frame[];
  status: Status;
}

/** What a page knows of a training. All views of a model share it; messages reach the model alone. */
class Feed {
  store: Store;
  status: Status | null = null;
  views = 0;
  private id = '';
  private timer: ReturnType<typeof setTimeout> | undefined;
  private listeners = new Set<() => void>();

  constructor(private model: Model) {
    this.store = new Store(model.get('keeps') ?? {});
    model.on('msg:custom', (message: Message, buffers: DataView[]) => this.hear(message, buffers));
    model.on('change:history', () => this.load());
    gone(model, () => this.end());
    if (!this.load()) this.hello();
  }

  listen(listener: () => void): Cleanup {
    this.listeners.add(listener);
    if (++this.views === 1 && !this.id && this.status?.state !== 'ended') this.hello();
    return () => {
      this.listeners.delete(listener);
      if (--this.views === 0) this.bye();
    };
  }

  /** Asks for a snapshot until one comes: the first message of a kernel's first widget may wait behind the cell. */
  private hello(): void {
    this.id = crypto.randomUUID?.() ?? String(Math.random());
    const ask = () => {
      this.model.send({ do: 'hello', view: this.id });
      this.timer = setTimeout(ask, AGAIN);
    };
    ask();
  }

  private bye(): void {
    clearTimeout(this.timer);
    if (this.id && this.status?.state !== 'ended') this.model.send({ do: 'bye', view: this.id });
    this.id = '';
  }

  private hear(message: Message, buffers: DataView[]): void {
    if (message.do === 'snapshot') {
      if (message.view !== this.id) return;
      clearTimeout(this.timer);
      this.store.clear();
    } else if (message.do !== 'rows') return;
    message.frames.forEach((frame, i) => this.store.take(frame, floats(buffers[i]!)));
    this.status = message.status;
    this.tell();
  }

  /** The kernel has gone, and the training with it. */
  private end(): void {
    clearTimeout(this.timer);
    if (!this.status || this.status.state === 'ended') return;
    this.status = { ...this.status, state: 'ended', word: 'kernel restarted', road: '', pace: '' };
    this.tell();
  }

  /** The history that the kernel left when training had ended; false: there is none yet. */
  private load(): boolean {
    const history = this.model.get('history');
    if (!history?.frames) return false;
    clearTimeout(this.timer);
    this.store.load(history);
    this.status = history.status;
    this.tell();
    return true;
  }

  private tell(): void {
    this.listeners.forEach(listener => listener());
  }
}

async function render(model: Model, el: HTMLElement, feed: Feed): Promise<Cleanup> {
  const tasks: string[] = model.get('tasks');
  const palette = model.get('colours');
  const ghost = new Ghost(model.get('ghost') ?? {}, tasks);
  const root = h('div', { class: 'mtl mtl-dash', role: 'region', 'aria-label': `training of ${model.get('name')}` });
  root.dataset['name'] = model.get('name');
  el.append(root);
  const context: Context = {
    root,
    tasks,
    palette,
    ghost,
    metrics: model.get('metrics'),
    higher: model.get('higher'),
    constants: model.get('constants'),
    ghostName: model.get('ghost_name'),
    store: feed.store,
    status: () => feed.status
  };
  const cleanups: Cleanup[] = [];
  const updates: (() => void)[] = [];

  let asked = 0;
  const update = () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      updates.forEach(each => each());
    });
  };
  cleanups.push(() => cancelAnimationFrame(asked), themed(root, palette, update), ownKeys(root));

  const resized = new ResizeObserver(update);
  resized.observe(root);
  cleanups.push(() => resized.disconnect());

  const charts = made(model.get('charts'), context);
  const cards = new Cards(context, ghost, task => charts.forEach(({ chart }) => chart.focus?.(task)));
  const heads = charts.filter(({ module }) => module.place === 'head').map(({ chart }) => chart.el);
  const rest = charts.filter(({ module }) => module.place !== 'head');
  rest.forEach(({ module, chart }) => chart.el.classList.add(`mtl-${module.place}`));
  const foot = h('div', { class: 'mtl-foot', hidden: true });
  const values = valuesTable(context);
  const grid = h('div', { class: 'mtl-charts' }, ...rest.map(({ chart }) => chart.el));
  root.append(...heads, cards.el, grid, foot, values.el);

  const controls = await referred(model, 'controls');
  if (controls) {
    const wheel = buttons(controls);
    const more = settings(controls);
    root.querySelector('.mtl-slot')?.append(wheel.el);
    cards.el.after(more.el);
    cards.steer(controls);
    updates.push(() => feed.status && wheel.show(feed.status));
    cleanups.push(wheel.cleanup, more.cleanup, greet(controls), restful(controls));
  }

  let told = -Infinity;
  updates.push(
    () => ghost.fit(feed.status?.per_epoch ?? 0),
    () => charts.forEach(({ chart }) => chart.update()),
    () => cards.update(feed.store),
    () => {
      const said = feed.status?.said ?? [];
      foot.hidden = !said.length;
      if (foot.dataset['said'] !== said.join('\n')) {
        foot.dataset['said'] = said.join('\n');
        foot.replaceChildren(...said.map(text => h('span', {}, text)));
      }
    },
    () => {
      const now = performance.now();
      if (now - told < CALM && feed.status?.state !== 'ended') return;
      told = now;
      values.update();
    }
  );
  cleanups.push(
    feed.listen(update),
    () => cards.cleanup(),
    ...charts.map(
      ({ chart }) =>
        () =>
          chart.cleanup?.()
    )
  );
  update();
  return () => cleanups.forEach(clean => clean());
}

export default () => {
  let feed: Feed | undefined;
  return {
    initialize({ model }: { model: Model }) {
      feed = new Feed(model);
    },
    async render({ model, el }: { model: Model; el: HTMLElement }) {
      return render(model, el, (feed ??= new Feed(model)));
    }
  };
};
