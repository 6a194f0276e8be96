/** Two runs beside each other: their metrics, and what differs in their texts. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { h } from '../../../shared/dom';
import { decimals, short, signed } from '../../../shared/format';
import { diff, type Line } from './diff';
import type { Entry, Facts, Metrics } from './entry';

const DIGITS = 4;
const AROUND = 1; // shared lines that are shown around others

/** A run with what its folder says. */
export interface Side {
  run: Entry;
  facts: Facts | undefined;
  cell: string;
}

export function compare(ours: Side, theirs: Side, trans: TranslationBundle): HTMLElement {
  return h('div', { class: 'mtl-compare' }, numbers(ours, theirs, trans), text(ours, theirs, trans));
}

/** Every metric of a run, by the words that name it: part, task, metric. */
export function table({ run, facts }: Side): Map<string, number> {
  const found = new Map<string, number>();
  const add = (part: string, metrics: Metrics) => {
    for (const [task, values] of metrics) {
      for (const [metric, value] of values) found.set([part, task, metric].filter(Boolean).join(' '), value);
    }
  };
  if (facts?.metrics.size) for (const [part, metrics] of facts.metrics) add(part === 'valid' ? '' : part, metrics);
  else add('', run.metrics);
  return found;
}

function numbers(ours: Side, theirs: Side, trans: TranslationBundle): HTMLElement {
  const [a, b] = [table(ours), table(theirs)];
  const names = [...new Set([...a.keys(), ...b.keys()])];
  if (!names.length) return h('p', { class: 'mtl-dim' }, trans.__('Neither has a metric.'));
  const row = (name: string) => {
    const [x, y] = [a.get(name), b.get(name)];
    const by = x === undefined || y === undefined ? '' : signed(x - y, decimals(x, DIGITS));
    return h(
      'tr',
      {},
      h('th', { scope: 'row' }, name),
      h('td', {}, short(x, DIGITS)),
      h('td', {}, short(y, DIGITS)),
      h('td', {}, by)
    );
  };
  const head = (title: string) => h('th', { scope: 'col', title }, title);
  return h(
    'table',
    {},
    h('caption', { class: 'mtl-hidden' }, trans.__('Metrics of both runs')),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, trans.__('Metric')),
        head(ours.run.id),
        head(theirs.run.id),
        h('th', { scope: 'col', title: trans.__('Difference') }, 'Δ')
      )
    ),
    h('tbody', {}, ...names.map(row))
  );
}

function text(ours: Side, theirs: Side, trans: TranslationBundle): HTMLElement {
  const lines = diff(theirs.cell, ours.cell);
  if (lines.every(line => line.mark === ' ')) return h('p', { class: 'mtl-dim' }, trans.__('Both have the same text.'));
  const title = trans.__('From %1 to %2', theirs.run.id, ours.run.id);
  return h(
    'div',
    { class: 'mtl-diff', role: 'group', 'aria-label': title },
    h('span', { class: 'mtl-dim' }, `− ${theirs.run.id}  + ${ours.run.id}`),
    ...folded(lines, trans)
  );
}

/** The lines, those shared by both left out where nothing near differs. */
function folded(lines: Line[], trans: TranslationBundle): HTMLElement[] {
  const near = (i: number) => lines.slice(Math.max(i - AROUND, 0), i + AROUND + 1).some(line => line.mark !== ' ');
  const made: HTMLElement[] = [];
  let hidden = 0;
  const fold = () => {
    if (hidden) made.push(h('span', { class: 'mtl-dim' }, trans._n('one equal line', '%1 equal lines', hidden)));
    hidden = 0;
  };
  lines.forEach(({ mark, text }, i) => {
    if (!near(i)) {
      hidden++;
      return;
    }
    fold();
    made.push(h(mark === '-' ? 'del' : mark === '+' ? 'ins' : 'span', {}, `${mark === '-' ? '−' : mark} ${text}`));
  });
  fold();
  return made;
}
