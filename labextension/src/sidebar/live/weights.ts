/** The weights of the tasks: sliders, and who set each. */

import { h } from '../../../shared/dom';
import { short } from '../../../shared/format';
import { weightCell } from '../../../shared/slider';
import { colour, swatch } from '../../../shared/theme';
import type { About, Training } from '../../kernel/training';
import type { Shared } from '../offline';
import { LivePart, type Drawn } from './part';

export class WeightsPart extends LivePart {
  constructor(shared: Shared) {
    super(shared.trans.__('Weights'), shared);
  }

  protected make({ wheel, store }: Training, { tasks, colours }: About): Drawn {
    const { trans } = this.shared;
    const cells = tasks.map(task => weightCell(wheel, task));
    const rows = cells.map(({ el }, i) =>
      h(
        'div',
        { class: 'mtl-row', style: `--c:${colour(i, colours!)}`, 'data-task': tasks[i] },
        h('div', { class: 'mtl-t' }, swatch(i, colours!), h('span', { class: 'mtl-task', title: tasks[i] }, tasks[i])),
        el
      )
    );
    this.body.append(...rows);
    return {
      update() {
        const applied = store.get('weights');
        rows.forEach((row, i) => {
          row.title = applied ? trans.__('the last step applied %1', short(applied.last(i + 1))) : '';
        });
        return true;
      },
      cleanup: () => cells.forEach(({ cleanup }) => cleanup())
    };
  }
}
