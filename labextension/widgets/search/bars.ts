/** How much each space mattered for each objective. */

import { h } from '../../shared/dom';
import { panel } from '../charts/panel';
import type { Drawing } from './state';

const percent = (share: number) => `${Math.round(100 * Math.max(share, 0))}%`;

export function bars(): Drawing {
  const { el, body, about } = panel('bars', 'Importance', '');
  return {
    el,
    update(state) {
      if (!state.importance.length) {
        about.textContent = 'too few trials to tell';
        body.replaceChildren();
        return;
      }
      about.textContent = 'share of what the values explain';
      const rows = state.parameters.map((p, i) => ({ name: p.name, shares: state.importance[i]! }));
      const sum = (shares: number[]) => shares.reduce((a, b) => a + b, 0);
      rows.sort((a, b) => sum(b.shares) - sum(a.shares));
      const head = state.objectives.map((o, k) =>
        h(
          'th',
          { scope: 'col', title: `a forest of the values explains ${percent(state.explained[k]!)} of its differences` },
          o.name
        )
      );
      body.replaceChildren(
        h(
          'table',
          { class: 'mtl-importance mtl-num' },
          h('thead', {}, h('tr', {}, h('td'), ...head)),
          h(
            'tbody',
            {},
            ...rows.map(row =>
              h(
                'tr',
                {},
                h('th', { scope: 'row', title: row.name }, row.name),
                ...row.shares.map((share, k) =>
                  h(
                    'td',
                    {},
                    percent(share) === '0%'
                      ? null
                      : h('i', { style: `--share:${percent(share)};--c:var(--t${k % 8})` }),
                    h('span', {}, percent(share))
                  )
                )
              )
            ),
            h(
              'tr',
              { class: 'mtl-dim' },
              h('th', { scope: 'row' }, 'explained'),
              ...state.explained.map(e => h('td', {}, percent(e)))
            )
          )
        )
      );
    }
  };
}
