/** How full and how busy the GPUs are. */

import { h, s, say } from '../../shared/dom';
import { short } from '../../shared/format';
import { draw } from '../../shared/sparkline';
import { panel } from './panel';
import type { Module } from './registry';

export const device: Module = {
  kind: 'device',
  place: 'half',
  make(context) {
    const { el, body } = panel('device', 'GPU', 'memory in use, share of time busy');
    el.hidden = true;
    const rows = new Map<string, { curve: SVGElement; text: HTMLElement }>();
    return {
      el,
      update() {
        const names = context.store.labels('device');
        el.hidden = !names.length;
        for (const name of names) {
          let row = rows.get(name);
          if (!row) {
            row = { curve: s('svg', { class: 'mtl-spark', 'aria-hidden': 'true' }), text: h('span') };
            rows.set(name, row);
            body.append(
              h(
                'div',
                { class: 'mtl-device mtl-num', style: '--c:var(--mtl-brand)' },
                h('span', {}, name),
                row.curve,
                row.text
              )
            );
          }
          const series = context.store.get('device', name)!;
          const [used, peak, total, busy] = [1, 2, 3, 4].map(c => series.last(c)) as [number, number, number, number];
          draw(row.curve, { x: series.columns[0]!, y: series.columns[Number.isFinite(busy) ? 4 : 1]! }, 130, 24);
          const of = Number.isFinite(total) ? ` of ${short(total)}` : '';
          const share = Number.isFinite(busy) ? `, ${Math.round(100 * busy)}% busy` : '';
          say(row.text, `${short(used)}${of} GB, at most ${short(peak)}${share}`);
        }
      }
    };
  }
};
