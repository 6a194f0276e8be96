import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Signal } from '@lumino/signaling';

import { ISteering, type ITraining } from '../tokens';

class Steering implements ISteering {
  readonly changed: Signal<ISteering, void> = new Signal<ISteering, void>(this);
  private training: ITraining | null = null;

  get current(): ITraining | null {
    return this.training;
  }

  set current(training: ITraining | null) {
    if (training === this.training) return;
    this.training = training;
    this.changed.emit();
  }
}

/** Where a training can be steered from; who has a comm to one sets it. */
export const steering: JupyterFrontEndPlugin<ISteering> = {
  id: 'mtl-magic:steering',
  description: 'Knows the training of the notebook in front.',
  autoStart: true,
  provides: ISteering,
  activate: () => new Steering()
};
