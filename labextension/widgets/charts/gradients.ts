/** How the tasks' gradients agree at the shared representation: a map of all pairs, the worst of them named, conflicts over time. */

import { agreement, ConflictMap, missing, scale, worst } from '../../shared/conflicts';
import { h, s, say } from '../../shared/dom';
import { draw } from '../../shared/sparkline';
import { panel } from './panel';
import type { Module } from './registry';

const CALM = 1000; // milliseconds between two changes of the numbers
const HALF = 8; // tasks whose map fits half the width

export const gradients: Module = {
  kind: 'gradients',
  place: 'half',
  make(context) {
    const { tasks, store } = context;
    const { el, body, readout } = panel('gradients', 'Gradient agreement', 'cosine at the shared representation');
    el.hidden = true;
    el.classList.toggle('mtl-whole', tasks.length > HALF);
    const map = new ConflictMap(tasks, text => say(readout, text));
    const [most, less, now] = [h('strong'), h('span', { class: 'mtl-dim' }), h('span', { class: 'mtl-dim mtl-num' })];
    const curve = s('svg', { class: 'mtl-spark', 'aria-hidden': 'true' });
    const rate = h('span', { class: 'mtl-rate', style: '--c:var(--mtl-dim)' }, now, curve);
    body.classList.add('mtl-mapped');
    body.append(map.el, h('div', { class: 'mtl-below' }, most, less, h('span', { class: 'mtl-grow' }), rate, scale()));
    let [told, at, width] = [-Infinity, NaN, 0];
    return {
      el,
      update() {
        const series = store.get('gradients');
        const found = agreement(series, tasks.length);
        el.hidden = !found;
        if (!found || (series!.last(0) === at && el.clientWidth === width)) return;
        const time = performance.now();
        if (time - told < CALM && context.status()?.state !== 'ended') return;
        [told, at, width] = [time, series!.last(0), el.clientWidth];
        map.update(found);
        say(most, worst(tasks, found));
        say(less, missing(tasks, found));
        const past = store.get('conflicts');
        const share = past?.last(1) ?? NaN;
        rate.hidden = !Number.isFinite(share);
        if (rate.hidden) return;
        say(now, `${Math.round(100 * share)}% of pairs in conflict`);
        curve.toggleAttribute('hidden', past!.length < 3);
        draw(curve, { x: past!.columns[0]!, y: past!.columns[1]! }, 56, 18);
      },
      focus: task => map.focus(task)
    };
  }
};
