/** Charts by the kind of rows that they draw; each is a module of its own, and a line of `MODULES`. */

import type { Heads } from '../../shared/cards';
import type { Status } from '../../shared/model';
import type { Store } from '../../shared/series';
import { device } from './device';
import { gates } from './gates';
import { gradients } from './gradients';
import { losses } from './losses';
import { metrics } from './metrics';
import { progress } from './progress';
import { weights } from './weights';

/** What a chart may look at. */
export interface Context extends Heads {
  root: HTMLElement;
  constants: Record<string, number>;
  store: Store;
  ghost: Store;
  status(): Status | null;
}

export interface Chart {
  el: HTMLElement;
  /** New rows or another theme; it is called once a frame at most. */
  update(): void;
  /** A task is pointed at, or none. */
  focus?(task: number | null): void;
  cleanup?(): void;
}

export interface Module {
  kind: string;
  place: 'head' | 'half' | 'whole';
  make(context: Context): Chart;
}

/** In the order in which they stand. */
const MODULES: Module[] = [progress, losses, weights, metrics, gradients, gates, device];

/** Those of the kinds that the kernel knows. */
export function made(kinds: string[], context: Context): { module: Module; chart: Chart }[] {
  return MODULES.filter(module => kinds.includes(module.kind)).map(module => ({ module, chart: module.make(context) }));
}
