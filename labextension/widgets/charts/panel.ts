/** The frame of a chart: a title, what it shows, and what stands under the pointer. */

import { h } from '../../shared/dom';

export function panel(
  kind: string,
  title: string,
  about: string
): { el: HTMLElement; body: HTMLElement; readout: HTMLElement; about: HTMLElement } {
  const readout = h('span', { class: 'mtl-readout mtl-num', 'aria-hidden': 'true' });
  const said = h('span', { class: 'mtl-dim' }, about);
  const body = h('div', { class: 'mtl-body' });
  const el = h(
    'section',
    { class: 'mtl-c', 'data-kind': kind, 'aria-label': title },
    h('div', { class: 'mtl-title' }, h('strong', {}, title), ' ', said, readout),
    body
  );
  return { el, body, readout, about: said };
}
