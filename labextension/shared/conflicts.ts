/** How the tasks' gradients stand to each other: a table tasks × tasks, and in words who pulls against whom. Its looks: `heat.css`. */

import { h, say } from './dom';
import { short } from './format';
import type { Series } from './series';
import { trans } from './words';

/** A pair stands at `place(i, j, tasks)`; NaN: its gradients were not compared. */
export interface Agreement {
  cosines: number[];
  against: number[]; // in which share of the steps so far the cosine was below 0
  norms: number[]; // a task each
  without: number[]; // in which share of the last steps the task had no gradient
}

/** Where the pair of tasks i < j stands among all pairs. */
export const place = (i: number, j: number, tasks: number): number => (i * (2 * tasks - i - 1)) / 2 + j - i - 1;

/** The last row of 'gradients', as `dashboard/kinds/gradients.py` makes it; undefined before there is one. */
export function agreement(series: Series | undefined, tasks: number): Agreement | undefined {
  if (!series?.length) return undefined;
  const row = series.columns.map(values => values[values.length - 1]!);
  const pairs = (tasks * (tasks - 1)) / 2;
  const part = (from: number, length: number) => row.slice(1 + from, 1 + from + length);
  return {
    cosines: part(0, pairs),
    against: part(pairs, pairs),
    norms: part(2 * pairs, tasks),
    without: part(2 * pairs + tasks, tasks)
  };
}

const percent = (share: number): string => (share < 0.01 ? trans.__('less than 1%') : `${Math.round(100 * share)}%`);

/** 'like pulls against watch in 62% of steps': the pair that does so most. */
export function worst(tasks: string[], found: Agreement): string {
  let [most, said] = [-1, ''];
  for (let i = 0; i < tasks.length; i++) {
    for (let j = i + 1; j < tasks.length; j++) {
      const share = found.against[place(i, j, tasks.length)]!;
      if (!(share > most)) continue;
      [most, said] = [share, trans.__('%1 pulls against %2 in %3 of steps', tasks[i], tasks[j], percent(share))];
    }
  }
  return most === 0 ? trans.__('no task pulls against another') : said;
}

/** 'watch had no gradient in 40% of the last steps'; '' where each had one. */
export function missing(tasks: string[], found: Agreement): string {
  const without = tasks.map((task, k) => ({ task, share: found.without[k]! })).filter(({ share }) => share > 0);
  without.sort((a, b) => b.share - a.share);
  if (!without.length) return '';
  const others = without.length > 1 ? `; ${without.length - 1} more lacked one at times` : '';
  return `${without[0]!.task} had no gradient in ${percent(without[0]!.share)} of the last steps${others}`;
}

const ROOM = 6; // columns that have room for a name, and for a 0 before the point

function digits(cosine: number, tasks: number): string {
  if (!Number.isFinite(cosine)) return '–';
  const text = Math.abs(cosine).toFixed(2);
  const size = tasks > ROOM ? text.replace(/^0/, '') : text;
  return cosine < 0 && Number(text) > 0 ? `−${size}` : size;
}

/** The table. It keeps its cells, so that a pointer, a focus or a screen reader stays where it is. */
export class ConflictMap {
  readonly el: HTMLTableElement;
  private cells: HTMLTableCellElement[][];
  private heads: [columns: HTMLElement[], rows: HTMLElement[]];
  private norms: HTMLElement[];
  private found: Agreement | undefined;

  /**
   * @param tasks their names
   * @param read what a pair is, in words, when it is pointed at; '' when it is left
   * @param norms whether the sizes of the gradients stand beside them
   */
  constructor(
    private tasks: string[],
    private read: (text: string) => void = () => undefined,
    norms = true
  ) {
    const many = tasks.length > ROOM;
    const head = (scope: string, text: string) => h('th', { scope, title: text }, h('span', {}, text));
    this.heads = [tasks.map(t => head('col', t)), tasks.map(t => head('row', t))];
    this.cells = tasks.map((_, i) => tasks.map((__, j) => this.cell(i, j)));
    this.norms = tasks.map(() => h('td', { class: 'mtl-norm' }));
    const last = norms && h('th', { scope: 'col', class: 'mtl-norm', title: 'mean size of the gradient' }, 'norm');
    this.el = h(
      'table',
      { class: `mtl-map mtl-num${many ? ' mtl-many' : ''}`, style: `--tasks:${tasks.length}` },
      h('caption', { class: 'mtl-hidden' }, trans.__('cosine between the gradients of each two tasks')),
      h('thead', {}, h('tr', {}, h('td'), ...this.heads[0], last || null)),
      h(
        'tbody',
        {},
        ...this.cells.map((cells, i) =>
          h('tr', {}, this.heads[1][i]!, ...cells, norms ? (this.norms[i] ?? null) : null)
        )
      )
    );
    this.el.addEventListener('keydown', event => this.key(event));
  }

  update(found: Agreement): void {
    this.found = found;
    const n = this.tasks.length;
    this.cells.forEach((cells, i) => {
      cells.forEach((cell, j) => {
        if (i === j) return;
        const cosine = found.cosines[place(Math.min(i, j), Math.max(i, j), n)]!;
        const strength = Number.isFinite(cosine) ? Math.round(100 * Math.abs(cosine) ** 0.6) : 0;
        cell.classList.toggle('mtl-minus', cosine < 0);
        cell.style.setProperty('--share', `${strength}%`);
        say(cell, digits(cosine, n));
        cell.title = this.said(i, j);
      });
      say(this.norms[i]!, short(found.norms[i], 2));
    });
  }

  /** The pairs without a task step back. */
  focus(task: number | null): void {
    this.cells.forEach((cells, i) =>
      cells.forEach((cell, j) => cell.toggleAttribute('data-back', task !== null && task !== i && task !== j))
    );
  }

  private cell(i: number, j: number): HTMLTableCellElement {
    if (i === j) return h('td', { class: 'mtl-self' });
    const on = () => this.point(i, j);
    const off = () => this.point(null, null);
    return h('td', {
      tabindex: i === 0 && j === 1 ? 0 : -1,
      mouseenter: on,
      mouseleave: off,
      focus: on,
      blur: off
    });
  }

  private said(i: number, j: number): string {
    const { tasks, found } = this;
    const at = place(Math.min(i, j), Math.max(i, j), tasks.length);
    if (!found || !Number.isFinite(found.cosines[at])) return trans.__('%1, %2: not compared', tasks[i], tasks[j]);
    const said = [short(found.cosines[at], 2), percent(found.against[at]!)];
    return trans.__('%1, %2: %3, against each other in %4 of steps', tasks[i], tasks[j], ...said);
  }

  private point(i: number | null, j: number | null): void {
    this.heads[0].forEach((th, at) => th.toggleAttribute('data-on', at === j));
    this.heads[1].forEach((th, at) => th.toggleAttribute('data-on', at === i));
    this.read(i === null || j === null ? '' : this.said(i, j));
  }

  /** The arrows go from cell to cell; one of them is in the order of Tab. */
  private key(event: KeyboardEvent): void {
    const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const i = this.cells.findIndex(cells => cells.includes(event.target as HTMLTableCellElement));
    if (!by || i < 0) return;
    event.preventDefault();
    event.stopPropagation();
    const n = this.tasks.length;
    const from = this.cells[i]!.indexOf(event.target as HTMLTableCellElement);
    let [row, column] = [i + by[0]!, from + by[1]!];
    if (row === column) [row, column] = [row + by[0]!, column + by[1]!]; // over the diagonal
    if (row < 0 || column < 0 || row >= n || column >= n) return;
    this.cells[i]![from]!.tabIndex = -1;
    this.cells[row]![column]!.tabIndex = 0;
    this.cells[row]![column]!.focus();
  }
}

/** What the colours say. */
export function scale(): HTMLElement {
  return h(
    'span',
    { class: 'mtl-scale', 'aria-hidden': 'true' },
    trans.__('against'),
    h('i', { class: 'mtl-minus' }),
    h('i'),
    trans.__('with')
  );
}
