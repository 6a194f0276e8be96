/** The head of a training: the run, its state, how far it is, how fast. */

import { h, say } from './dom';
import type { Status } from './model';
import { trans } from './words';

export interface Head {
  el: HTMLElement;
  slot: HTMLElement; // for buttons
  update(status: Status | null | undefined): void;
}

export function head(name: Node | string): Head {
  const chip = h('span', { class: 'mtl-chip', role: 'status' });
  const place = h('span', { class: 'mtl-dim mtl-num' });
  const pace = h('span', { class: 'mtl-dim mtl-num' });
  const fill = h('i');
  const label = trans.__('progress');
  const bar = h(
    'div',
    { class: 'mtl-bar', role: 'progressbar', 'aria-label': label, 'aria-valuemin': 0, 'aria-valuemax': 100 },
    fill
  );
  const slot = h('span', { class: 'mtl-slot' });
  const el = h(
    'div',
    { class: 'mtl-top' },
    h(
      'div',
      { class: 'mtl-head' },
      h('span', { class: 'mtl-name' }, name),
      chip,
      place,
      h('span', { class: 'mtl-grow' }),
      pace,
      slot
    ),
    bar
  );
  return {
    el,
    slot,
    update(status) {
      if (!status) return say(chip, trans.__('waiting'));
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
