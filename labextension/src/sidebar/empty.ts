/** The way to begin, where the notebook has no cell of ours: what would be inserted, and a button that does. */

import { h } from '../../shared/dom';
import { Ids } from '../commands/ids';
import { isCell } from '../language/cell';
import { BEFORE, START } from '../templates';
import { Front } from './front';
import type { Shared } from './offline';

const DELAY = 200; // ms after a change

export class Empty extends Front<'begin' | 'open' | 'begun'> {
  constructor(private readonly shared: Shared) {
    super(shared.trans.__('A multi-task model in three lines'), shared.tracker, DELAY);
    this.addClass('mtl-sidebar-empty');
  }

  protected async find() {
    if (!this.panel || this.panel.isDisposed) return 'open';
    const begun = this.panel.content.widgets.some(({ model }) => isCell(model.sharedModel.getSource()));
    return begun ? 'begun' : 'begin';
  }

  protected draw(found: 'begin' | 'open' | 'begun'): boolean {
    const { trans, commands } = this.shared;
    const button = (text: string, command: string) =>
      h(
        'button',
        {
          type: 'button',
          class: 'jp-Button jp-mod-styled jp-mod-accept',
          disabled: !commands.hasCommand(command),
          click: () => void commands.execute(command)
        },
        text
      );
    if (this.body.dataset['shows'] !== found) {
      this.body.dataset['shows'] = found;
      this.body.replaceChildren(
        h('pre', {}, BEFORE.trim()),
        h('pre', {}, START.trim()),
        found === 'open'
          ? button(trans.__('Open the quickstart'), Ids.quickstart)
          : button(trans.__('Insert example'), Ids.example)
      );
    }
    return found !== 'begun';
  }
}
