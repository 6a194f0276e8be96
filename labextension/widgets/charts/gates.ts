/** How the tasks use the experts of each gated block: tasks × experts, idle experts named. */

import { h } from '../../shared/dom';
import { panel } from './panel';
import type { Module } from './registry';

/** '.31': a share of a gate, short enough for a cell; nothing for what is next to nothing. */
const share = (value: number) => (value >= 0.995 ? '1.0' : value >= 0.05 ? value.toFixed(2).slice(1) : '');

function table(block: string, use: number[], about: Record<string, any>): HTMLElement {
  const tasks: string[] = about['tasks'];
  const experts: string[] = about['experts'];
  const idle: number[] = about['idle'];
  const most = Math.max(...use, 1e-9);
  const head = experts.map((expert, j) =>
    h(
      'th',
      { scope: 'col', class: idle.includes(j) ? 'mtl-idle' : undefined, title: expert },
      idle.includes(j) ? `${expert} idle` : expert
    )
  );
  const rows = tasks.map((task, i) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row', title: task }, task),
      ...experts.map((expert, j) => {
        const value = use[i * experts.length + j] ?? 0;
        const title = `${task}, ${expert}: ${value.toFixed(3)}`;
        return h('td', { style: `--share:${Math.round((85 * value) / most)}%`, title }, share(value));
      })
    )
  );
  return h(
    'table',
    { class: 'mtl-heat mtl-num' },
    h('caption', { class: block ? undefined : 'mtl-hidden' }, block || 'gate weights'),
    h('thead', {}, h('tr', {}, h('td'), ...head)),
    h('tbody', {}, ...rows)
  );
}

export const gates: Module = {
  kind: 'gates',
  place: 'half',
  make(context) {
    const { el, body } = panel('gates', 'Expert use', 'share of each task’s gate');
    el.hidden = true;
    let drawn = '';
    return {
      el,
      update() {
        const blocks = context.store.labels('gates');
        el.hidden = !blocks.length;
        const now = blocks.map(block => context.store.get('gates', block)!.last(0)).join();
        if (now === drawn) return;
        drawn = now;
        body.replaceChildren(
          ...blocks.map(block => {
            const series = context.store.get('gates', block)!;
            const use = series.columns.slice(1).map(values => values[values.length - 1]!);
            return table(block, use, series.about);
          })
        );
      }
    };
  }
};
