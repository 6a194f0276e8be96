/** Cells to insert: what a textbook has a name for. */

import { h } from '../../shared/dom';
import { Ids } from '../commands/ids';
import { CELLS } from '../templates';
import type { Shared } from './offline';
import { Section } from './section';

export class Templates extends Section<undefined> {
  constructor(private readonly shared: Shared) {
    super(shared.trans.__('Templates'));
    shared.tracker?.currentChanged.connect(this.follow, this);
  }

  private follow(): void {
    this.invalidate();
  }

  protected async find(): Promise<undefined> {
    return undefined;
  }

  protected draw(): boolean {
    const { trans, tracker, commands } = this.shared;
    if (!tracker?.currentWidget) return false;
    if (this.body.childElementCount) return true;
    const insert = (id: keyof typeof CELLS, title: string, caption: string) =>
      h(
        'li',
        {},
        h(
          'button',
          { type: 'button', click: () => void commands.execute(Ids.insert, { text: CELLS[id] }) },
          h('span', {}, title),
          h('span', { class: 'mtl-dim' }, caption)
        )
      );
    this.body.append(
      h(
        'details',
        {},
        h('summary', {}, trans.__('Insert a cell')),
        h(
          'ul',
          { class: 'mtl-templates' },
          insert('hard', trans.__('Hard sharing'), trans.__('one trunk, a tower a task')),
          insert('none', trans.__('Single tasks'), trans.__('nothing shared: what sharing has to beat')),
          insert('mmoe', trans.__('MMoE'), trans.__('shared experts, a gate a task')),
          insert('ple', trans.__('PLE'), trans.__('shared and own experts, level by level')),
          insert('cross_stitch', trans.__('Cross-stitch'), trans.__('a column a task, mixed layer by layer')),
          insert('star', trans.__('STAR'), trans.__('one network a domain, times a shared one')),
          insert('mtan', trans.__('MTAN'), trans.__('a shared trunk, attention a task')),
          insert('tree', trans.__('Sharing tree'), trans.__('named blocks, each drawing from others')),
          insert('esmm', trans.__('ESMM'), trans.__('a conversion over all impressions')),
          insert('feed', trans.__('Feed recommender'), trans.__('features, experts, clicks, likes, watch time'))
        )
      )
    );
    return true;
  }
}
