/** A card a head: the curve of its metric, now, at the best epoch, and against the previous run. */

import { Cards } from '../../../shared/cards';
import type { About, Training } from '../../kernel/training';
import type { Shared } from '../offline';
import { LivePart, type Drawn } from './part';

export class HeadsPart extends LivePart {
  constructor(shared: Shared) {
    super(shared.trans.__('Heads'), shared);
  }

  protected make({ store, ghost }: Training, about: About): Drawn {
    const { tasks, metrics = {}, higher = {}, colours, before = '' } = about;
    const cards = new Cards({ tasks, metrics, higher, palette: colours!, ghostName: before }, ghost);
    this.body.append(cards.el);
    return {
      update() {
        cards.update(store);
        return true;
      }
    };
  }
}
