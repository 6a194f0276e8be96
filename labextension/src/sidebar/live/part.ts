/** A part of the panel about what trains in the notebook in front; it hides where nothing does. */

import { ownKeys } from '../../../shared/keys';
import type { Cleanup } from '../../../shared/model';
import { themed } from '../../../shared/theme';
import type { About, Training } from '../../kernel/training';
import type { Shared } from '../offline';
import { Section } from '../section';

/** What stands in the part, made for one training; `update`: it may be another by now. */
export interface Drawn {
  update(): boolean; // whether there is anything to see
  cleanup?(): void;
}

export abstract class LivePart extends Section<Training | null> {
  private drawn: { training: Training; part: Drawn; cleanups: Cleanup[] } | undefined;

  constructor(
    title: string,
    protected readonly shared: Shared
  ) {
    super(title);
    this.body.classList.add('mtl-live');
    shared.steering?.told.connect(this.told, this);
  }

  override dispose(): void {
    this.clear();
    super.dispose();
  }

  protected async find(): Promise<Training | null> {
    return this.shared.steering?.shown ?? null;
  }

  protected draw(training: Training | null): boolean {
    if (this.drawn && this.drawn.training !== training) this.clear();
    if (!training) return false;
    this.node.hidden = false; // what is drawn looks at its size
    if (!this.drawn) this.body.replaceChildren();
    this.drawn ??= {
      training,
      part: this.make(training, training.about),
      cleanups: [themed(this.body, training.about.colours!, () => this.told()), ownKeys(this.body)]
    };
    return this.drawn.part.update();
  }

  /** Fills the body. */
  protected abstract make(training: Training, about: About): Drawn;

  protected clear(): void {
    this.drawn?.cleanups.forEach(clean => clean());
    this.drawn?.part.cleanup?.();
    this.drawn = undefined;
    this.body.replaceChildren();
  }

  private told(): void {
    this.invalidate();
  }
}
