/** A part of the panel with a heading. It looks for what to show when it is seen, and does nothing while it is not. */

import { Widget } from '@lumino/widgets';

import { h } from '../../shared/dom';
import { themed } from '../../shared/theme';

let made = 0;

export abstract class Section<T> extends Widget {
  protected readonly body = h('div', { class: 'mtl mtl-part-body' });
  private readonly themeless = themed(this.body, { light: [], dark: [] });
  private stale = true;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private turn = 0;

  constructor(title: string) {
    super({ node: h('section') });
    this.addClass('mtl-part');
    const id = `mtl-part-${++made}`;
    this.node.setAttribute('aria-labelledby', id);
    this.node.append(h('h3', { id }, title), this.body);
    this.node.hidden = true; // not Lumino's hidden: such a widget hears nothing
  }

  /** What is shown may be no longer so; it is looked at after some milliseconds, or once the panel is seen. */
  invalidate(delay = 0): void {
    this.stale = true;
    if (this.isVisible) this.timer ??= setTimeout(() => void this.look(), delay);
  }

  override dispose(): void {
    clearTimeout(this.timer);
    this.themeless();
    super.dispose();
  }

  protected override onAfterShow(): void {
    if (this.stale) this.invalidate();
  }

  protected override onAfterAttach(): void {
    this.onAfterShow();
  }

  /** What there is to show. */
  protected abstract find(): Promise<T>;

  /** Shows it; whether there is anything. */
  protected abstract draw(found: T): boolean;

  private async look(): Promise<void> {
    this.timer = undefined;
    this.stale = false;
    const mine = ++this.turn;
    const found = await this.find();
    if (mine === this.turn && !this.isDisposed) this.node.hidden = !this.draw(found);
  }
}
