/** The last values as a table for screen readers: a canvas says nothing. */

import { column } from '../shared/cards';
import { h } from '../shared/dom';
import { short } from '../shared/format';
import type { Context } from './charts/registry';

export function valuesTable(context: Context): { el: HTMLTableElement; update(): void } {
  const body = h('tbody');
  const el = h(
    'table',
    { class: 'mtl-hidden mtl-values' },
    h('caption', {}, `last values of ${context.root.dataset['name'] ?? ''}`),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ...['task', 'training loss', 'validation metric', 'value', 'weight'].map(t => h('th', { scope: 'col' }, t))
      )
    ),
    body
  );
  return {
    el,
    update() {
      const { store } = context;
      body.replaceChildren(
        ...context.tasks.map((task, i) => {
          const values = [
            short(store.get('losses', 'train')?.last(i + 1)),
            context.metrics[task] ?? '',
            short(store.get('metrics')?.last(column(i)), 4),
            short(store.get('weights')?.last(i + 1))
          ];
          return h('tr', {}, h('th', { scope: 'row' }, task), ...values.map(v => h('td', {}, v)));
        })
      );
    }
  };
}
