/** Where the training stands, and what stops it; before the extension is loaded, the way to load it. */

import { NotebookActions } from '@jupyterlab/notebook';

import { buttons } from '../../../shared/buttons';
import { h, say } from '../../../shared/dom';
import { head } from '../../../shared/progress';
import type { About, Training } from '../../kernel/training';
import type { Shared } from '../offline';
import { goToLine } from './place';
import { LivePart, type Drawn } from './part';

const LOAD = '%load_ext mtl_magic';

export class StatusPart extends LivePart {
  constructor(shared: Shared) {
    super(shared.trans.__('Training'), shared);
  }

  protected override draw(training: Training | null): boolean {
    if (training || !this.shared.steering?.closed) return super.draw(training);
    if (this.body.querySelector('.mtl-load')) return true;
    this.clear();
    const { trans } = this.shared;
    const load = h(
      'button',
      { type: 'button', class: 'mtl-load', click: () => this.load() },
      trans.__('Load the extension')
    );
    this.body.append(h('p', {}, trans.__('This kernel does not know the cells of mtl_magic yet.')), load);
    return true;
  }

  protected make(training: Training, about: About): Drawn {
    const { trans, steering } = this.shared;
    const name = h(
      'button',
      {
        type: 'button',
        class: 'mtl-plain',
        title: trans.__('Go to its cell'),
        click: () => goToLine(this.shared, about, 1)
      },
      about.name
    );
    const top = head(name);
    const wheel = buttons(training.wheel);
    const file = h('span', { class: 'mtl-dim mtl-file' });
    const said = h('p', { class: 'mtl-dim', 'aria-live': 'polite' });
    const error = h('p', { class: 'mtl-bad', role: 'alert' });
    top.slot.append(wheel.el);
    this.body.append(file, top.el, said, error);
    return {
      update() {
        top.update(training.status);
        if (training.status) wheel.show(training.status);
        say(file, steering?.panel?.title.label ?? '');
        say(said, training.status?.said.at(-1) ?? '');
        say(error, training.wheel.get('error') ?? '');
        return true;
      },
      cleanup: wheel.cleanup
    };
  }

  /** A cell above all others; it is run by who reads it. */
  private load(): void {
    const content = this.shared.steering?.panel?.content;
    if (!content) return;
    content.activeCellIndex = 0;
    NotebookActions.insertAbove(content);
    content.activeCell?.model.sharedModel.setSource(LOAD);
    content.mode = 'edit';
  }
}
