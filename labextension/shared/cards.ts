/** A row a head: name, weight, curve, current, best, and the difference to the earlier run. */

import { h, s, say } from './dom';
import { decimals, short, signed } from './format';
import type { Cleanup, Model, Palette } from './model';
import type { Store } from './series';
import { weightCell } from './slider';
import { draw } from './sparkline';
import { colour, swatch } from './theme';
import { trans } from './words';

export interface Heads {
  tasks: string[];
  metrics: Record<string, string>;
  higher: Record<string, boolean | null>; // null: neither is better
  palette: Palette;
  ghostName: string;
}

/** The column of a task in the rows of 'metrics': step and best come first. */
export const column = (task: number) => task + 2;

/** The index of the best row; undefined before there is one. */
export function bestOf(store: Store): number | undefined {
  const at = store.get('metrics')?.best ?? -1;
  return at < 0 ? undefined : at;
}

/** What the earlier run had at this step, or at its end where it ended before; NaN where nothing is known. */
export function earlier(ghost: Store, kind: string, at: number, step: number): number {
  const series = ghost.get(kind);
  if (!series) return NaN;
  let found = NaN;
  series.columns[0]!.forEach((x, i) => {
    const value = series.columns[at]?.[i] ?? NaN;
    if (x <= step && Number.isFinite(value)) found = value;
  });
  return found;
}

export class Cards {
  readonly el: HTMLElement;
  private rows: { spark: SVGElement; now: HTMLElement; best: HTMLElement; delta: HTMLElement; weight: HTMLElement }[] =
    [];
  private cleanups: Cleanup[] = [];

  constructor(
    private heads: Heads,
    private ghost: Store,
    focus: (task: number | null) => void = () => undefined
  ) {
    const hasGhost = Boolean(ghost.get('metrics'));
    const head = (text: string, kind = '', title = '') =>
      h('div', { class: `mtl-th ${kind}`, role: 'columnheader', title: title || undefined }, text);
    this.el = h(
      'div',
      { class: 'mtl-tasks', role: 'table', 'aria-label': trans.__('tasks'), style: hasGhost ? undefined : '--last: 0' },
      h(
        'div',
        { class: 'mtl-row', role: 'row' },
        head(trans.__('Task')),
        head(trans.__('Weight'), 'mtl-weight'),
        head(trans.__('Validation'), 'mtl-wide'),
        head(trans.__('Now'), 'mtl-r'),
        head(
          trans.__('Best epoch'),
          'mtl-r mtl-wide',
          trans.__('the epoch whose mean over the heads is best: its weights are kept')
        ),
        head(
          hasGhost ? trans.__('Previous run') : '',
          'mtl-r mtl-wide',
          hasGhost ? trans.__('now, less what %1 had at this step', heads.ghostName || trans.__('the earlier run')) : ''
        )
      )
    );
    heads.tasks.forEach((task, i) => {
      const cell = (kind: string, ...children: (Node | string)[]) =>
        h('div', { class: kind, role: 'cell' }, ...children);
      const spark = s('svg', { class: 'mtl-spark', 'aria-hidden': 'true' });
      const row = {
        spark,
        weight: cell('mtl-weight'),
        now: cell('mtl-r mtl-num'),
        best: cell('mtl-r mtl-num mtl-wide mtl-dim'),
        delta: cell('mtl-r mtl-num mtl-wide')
      };
      this.rows.push(row);
      const name = h('span', { class: 'mtl-task', title: task }, task);
      const watched = h('span', { class: 'mtl-dim mtl-metric' }, heads.metrics[task] ?? '');
      this.el.append(
        h(
          'div',
          {
            class: 'mtl-row',
            role: 'row',
            style: `--c:${colour(i, heads.palette)}`,
            'data-task': task,
            mouseenter: () => focus(i),
            mouseleave: () => focus(null),
            focusin: (event: FocusEvent) => (event.target as Element).matches(':focus-visible') && focus(i),
            focusout: () => focus(null)
          },
          h('div', { class: 'mtl-t', role: 'rowheader' }, swatch(i, heads.palette), name, watched),
          row.weight,
          cell('mtl-wide', spark),
          row.now,
          row.best,
          row.delta
        )
      );
    });
  }

  /** Sliders in the rows. */
  steer(model: Model): void {
    this.el.classList.add('mtl-steered');
    this.heads.tasks.forEach((task, i) => {
      const cell = weightCell(model, task);
      this.rows[i]!.weight.replaceChildren(cell.el);
      this.cleanups.push(cell.cleanup);
    });
  }

  update(store: Store): void {
    const series = store.get('metrics');
    const applied = store.get('weights');
    const best = bestOf(store);
    this.heads.tasks.forEach((task, i) => {
      const row = this.rows[i]!;
      if (!this.el.classList.contains('mtl-steered')) say(row.weight, short(applied?.last(i + 1)));
      if (!series?.length) return say(row.now, '–');
      const [x, y] = [series.columns[0]!, series.columns[column(i)]!];
      const past = this.ghost.get('metrics');
      const ghost = past && { x: past.columns[0]!, y: past.columns[column(i)] ?? [] };
      draw(row.spark, { x, y, ghost, best }, 130, 24);
      const now = series.last(column(i));
      say(row.now, short(now, 4));
      say(row.best, best === undefined ? '–' : short(y[best], 4));
      if (!ghost) return;
      const difference = now - earlier(this.ghost, 'metrics', column(i), series.last(0));
      const said = signed(difference, decimals(now, 4));
      say(row.delta, said);
      const better = this.heads.higher[task] === false ? difference < 0 : difference > 0;
      const none = said === '–' || said === '±0' || this.heads.higher[task] === null; // of what is seen
      row.delta.classList.toggle('mtl-up', !none && better);
      row.delta.classList.toggle('mtl-down', !none && !better);
    });
  }

  cleanup(): void {
    this.cleanups.forEach(clean => clean());
  }
}
