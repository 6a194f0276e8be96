/** The panel: parts one above the other. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';

import { icon } from '../icon';

export class Sidebar extends Widget {
  /** Whether a person can see it. */
  readonly seen = new Signal<this, boolean>(this);

  constructor(trans: TranslationBundle) {
    super();
    this.id = 'mtl-magic-sidebar';
    this.addClass('mtl-sidebar');
    this.title.icon = icon;
    this.title.caption = trans.__('Multi-task');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Multi-task'));
    this.node.tabIndex = -1;
    this.layout = new PanelLayout();
  }

  /** Who asks for the panel goes on in it by Tab. */
  protected override onActivateRequest(): void {
    this.node.focus();
  }

  protected override onAfterShow(): void {
    this.seen.emit(this.isVisible);
  }

  protected override onAfterAttach(): void {
    this.seen.emit(this.isVisible);
  }

  protected override onBeforeHide(): void {
    this.seen.emit(false);
  }

  /** Adds a part; its rank says where, the lowest on top. It hides itself where it has nothing to show. */
  addPart(part: Widget, rank: number): void {
    const layout = this.layout as PanelLayout;
    part.node.dataset['rank'] = String(rank);
    const index = layout.widgets.findIndex(w => Number(w.node.dataset['rank'] ?? Infinity) > rank);
    layout.insertWidget(index < 0 ? layout.widgets.length : index, part);
  }
}
