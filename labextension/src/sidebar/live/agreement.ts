/** How the tasks' gradients stand to each other, where the training tells. */

import { agreement, ConflictMap, scale, worst } from '../../../shared/conflicts';
import { h, say } from '../../../shared/dom';
import type { About, Training } from '../../kernel/training';
import type { Shared } from '../offline';
import { LivePart, type Drawn } from './part';

export class AgreementPart extends LivePart {
  constructor(shared: Shared) {
    super(shared.trans.__('Gradient agreement'), shared);
  }

  protected make({ store }: Training, { tasks }: About): Drawn {
    const said = h('p', { class: 'mtl-read' });
    let [most, pointed] = ['', ''];
    const show = () => say(said, pointed || most);
    const map = new ConflictMap(
      tasks,
      text => {
        pointed = text;
        show();
      },
      false
    );
    this.body.classList.add('mtl-mapped');
    this.body.append(map.el, said, scale());
    let at = NaN;
    return {
      update() {
        const series = store.get('gradients');
        const found = agreement(series, tasks.length);
        if (!found) return false;
        if (series!.last(0) !== at) {
          at = series!.last(0);
          map.update(found);
          most = worst(tasks, found);
          show();
        }
        return true;
      }
    };
  }
}
