import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';

import { Steering } from '../kernel/steering';
import { ISteering } from '../tokens';

/** What trains in the notebook in front, and how it is steered: for commands and the sidebar. */
export const steering: JupyterFrontEndPlugin<ISteering> = {
  id: 'mtl-magic:steering',
  description: 'Knows the training of the notebook in front.',
  autoStart: true,
  provides: ISteering,
  optional: [INotebookTracker],
  activate: (_app, tracker: INotebookTracker | null) => new Steering(tracker)
};
