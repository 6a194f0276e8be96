/** The validation metric of each head, each on a scale of its own; the best epoch marked, the earlier run behind. */

import { bestOf, column } from '../../shared/cards';
import { h, s, say } from '../../shared/dom';
import { short } from '../../shared/format';
import { bounds, draw } from '../../shared/sparkline';
import { colour, swatch } from '../../shared/theme';
import { panel } from './panel';
import type { Module } from './registry';

export const metrics: Module = {
  kind: 'metrics',
  place: 'whole',
  make(context) {
    const { el, body } = panel(
      'metrics',
      'Validation metric',
      context.ghost.get('metrics')
        ? `best epoch circled, ${context.ghostName || 'the earlier run'} in grey`
        : 'best epoch circled'
    );
    el.hidden = true;
    const cells = context.tasks.map((task, i) => {
      const svg = s('svg', { class: 'mtl-small', 'aria-hidden': 'true' });
      const [high, low, epoch] = [
        h('span', { class: 'mtl-high' }),
        h('span', { class: 'mtl-low' }),
        h('span', { class: 'mtl-when' })
      ];
      const cell = h(
        'div',
        { class: 'mtl-multiple', style: `--c:${colour(i, context.palette)}` },
        h(
          'div',
          { class: 'mtl-t' },
          swatch(i, context.palette),
          h('span', { class: 'mtl-task', title: task }, task),
          h('span', { class: 'mtl-dim' }, context.metrics[task] ?? '')
        ),
        h('div', { class: 'mtl-plot mtl-num' }, high, low, svg),
        epoch
      );
      return { cell, svg, high, low, epoch };
    });
    body.classList.add('mtl-multiples');
    body.append(...cells.map(c => c.cell));
    return {
      el,
      update() {
        const series = context.store.get('metrics');
        el.hidden = !series?.length;
        if (!series?.length) return;
        const best = bestOf(context.store);
        const past = context.ghost.get('metrics');
        const per = context.status()?.per_epoch || 1;
        cells.forEach(({ svg, high, low, epoch }, i) => {
          const y = series.columns[column(i)]!;
          const ghost = past && { x: past.columns[0]!, y: past.columns[column(i)] ?? [] };
          draw(svg, { x: series.columns[0]!, y, ghost, best }, 200, 64);
          const [bottom, top] = bounds(y, ghost?.y ?? []);
          const some = y.some(Number.isFinite);
          say(high, some ? short(top) : '');
          say(low, some ? short(bottom) : '');
          const at =
            best === undefined
              ? ''
              : `best ${short(y[best], 4)} in epoch ${Math.round(series.columns[0]![best]! / per)}`;
          say(epoch, some ? at : 'no validation metric');
        });
      },
      focus(task) {
        cells.forEach(({ cell }, i) => cell.classList.toggle('mtl-back', task !== null && task !== i));
      }
    };
  }
};
