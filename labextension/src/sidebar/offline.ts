/** What the panel shows without a training: runs, problems, templates, and the way to begin. */

import type { INotebookTracker } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Widget } from '@lumino/widgets';

import type { IChecks, ISteering } from '../tokens';
import { Empty } from './empty';
import { Problems } from './problems';
import { Runs } from './runs/part';
import { Templates } from './templates';

/** What the parts have in common. */
export interface Shared {
  commands: CommandRegistry;
  contents: Contents.IManager;
  tracker: INotebookTracker | null;
  checks: IChecks;
  steering: ISteering | null;
  trans: TranslationBundle;
  setting: () => string; // the folder of runs
}

/** The parts with their ranks. */
export function offline(shared: Shared): [Widget, number][] {
  return [
    [new Empty(shared), 0],
    [new Runs(shared), 600],
    [new Problems(shared), 700],
    [new Templates(shared), 800]
  ];
}
