/** The controls alone, for a layout of one's own; the dashboard shows them in the rows of its tasks. */

import '../shared/base.css';

import { buttons, greet, restful, settings } from '../shared/buttons';
import { h } from '../shared/dom';
import { ownKeys } from '../shared/keys';
import type { Model } from '../shared/model';
import { weightCell } from '../shared/slider';
import { colour, swatch, themed } from '../shared/theme';

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const palette = model.get('colours');
  const wheel = buttons(model);
  const more = settings(model);
  const tasks: string[] = model.get('tasks');
  const cells = tasks.map(task => weightCell(model, task));
  const rows = tasks.map((task, i) =>
    h(
      'div',
      { class: 'mtl-row', style: `--c:${colour(i, palette)}`, 'data-task': task },
      h('div', { class: 'mtl-t' }, swatch(i, palette), h('span', { class: 'mtl-task', title: task }, task)),
      h('div', { class: 'mtl-weight' }, cells[i]!.el)
    )
  );
  const root = h(
    'div',
    { class: 'mtl mtl-controls', role: 'region', 'aria-label': 'controls of the training' },
    h('div', { class: 'mtl-head' }, wheel.el),
    h('div', { class: 'mtl-tasks mtl-steered' }, ...rows),
    more.el
  );
  el.append(root);
  const cleanups = [
    wheel.cleanup,
    more.cleanup,
    greet(model),
    restful(model),
    themed(root, palette),
    ownKeys(root),
    ...cells.map(c => c.cleanup)
  ];
  return () => cleanups.forEach(clean => clean());
}

export default { render };
