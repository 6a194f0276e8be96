/** The head of the dashboard: the run, its state, how far it is, how fast. */

import { h, say } from '../../shared/dom';
import type { Module } from './registry';

export const progress: Module = {
  kind: 'progress',
  place: 'head',
  make(context) {
    const chip = h('span', { class: 'mtl-chip', role: 'status' });
    const place = h('span', { class: 'mtl-dim mtl-num' });
    const pace = h('span', { class: 'mtl-dim mtl-num' });
    const fill = h('i');
    const bar = h(
      'div',
      { class: 'mtl-bar', role: 'progressbar', 'aria-label': 'progress', 'aria-valuemin': 0, 'aria-valuemax': 100 },
      fill
    );
    const slot = h('span', { class: 'mtl-slot' });
    const name = h('span', { class: 'mtl-name' }, context.root.dataset['name'] ?? '');
    const el = h(
      'div',
      { class: 'mtl-top' },
      h('div', { class: 'mtl-head' }, name, chip, place, h('span', { class: 'mtl-grow' }), pace, slot),
      bar
    );
    return {
      el,
      update() {
        const status = context.status();
        if (!status) return say(chip, 'waiting');
        say(chip, [status.word, status.road].filter(Boolean).join(', '));
        el.dataset['state'] = status.state;
        el.dataset['road'] = status.road;
        say(place, status.place);
        say(pace, status.pace);
        const part = Math.round(1000 * status.done) / 10;
        fill.style.width = `${part}%`;
        bar.setAttribute('aria-valuenow', String(Math.round(part)));
      }
    };
  }
};
