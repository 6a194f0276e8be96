/** A training as a page knows it: what the kernel has told of it, and the wheel that steers it. */

import type { JSONObject } from '@lumino/coreutils';

import { Ghost } from '../../shared/ghost';
import type { Palette, Status } from '../../shared/model';
import { floats, Store, type Buffer, type Frame } from '../../shared/series';
import type { ITraining } from '../tokens';
import { Wheel } from './wheel';

/** The topology as `explanation/sketch.py` places it. */
export interface Sketch {
  width: number;
  height: number;
  about: string;
  boxes: { kind: string; place: number[]; label: string; tip: string; tasks: number[]; line: number }[];
  frames: { place: number[]; label: string; tip: string; line: number }[];
  edges: { path: string; kind: string; tasks: number[]; gate?: [block: string, taker: string, expert: string] }[];
}

/** What `dashboard/watched.py` says of a training; to a page that is hidden only what its commands need. */
export interface About {
  name: string;
  tasks: string[];
  wheel: JSONObject;
  metrics?: Record<string, string>;
  higher?: Record<string, boolean | null>;
  keeps?: Record<string, number>; // of a kind of rows
  colours?: Palette;
  cell?: string;
  text?: string;
  before?: string;
  sketch?: Sketch | null;
  ghost?: { frames?: Frame[]; tasks?: string[]; status?: { per_epoch: number } };
}

/** Rows, as they travel. */
export interface Rows {
  frames: Frame[];
  status: Status;
}

export class Training implements ITraining {
  readonly wheel: Wheel;
  readonly store: Store;
  readonly ghost: Ghost;
  status: Status | undefined;
  /** Its run has its end in the index, after that of the training. */
  kept = false;

  /** `buffers`: of the earlier run. */
  constructor(
    readonly about: About,
    say: (message: JSONObject) => void,
    page: { sent: number },
    buffers: Buffer[] = []
  ) {
    this.wheel = new Wheel(about.wheel, say, page);
    this.store = new Store(about.keeps);
    const frames = about.ghost?.frames?.map((frame, i) => ({ ...frame, data: buffers[i]! })) ?? [];
    this.ghost = new Ghost({ ...about.ghost, frames }, about.tasks);
  }

  get over(): boolean {
    return this.status?.state === 'ended' || Boolean(this.wheel.get('ended'));
  }

  /** What the index of runs says of it changes with this: it is put there before its first step. */
  get stage(): string {
    return `${this.status?.state === 'starting'} ${this.kept}`;
  }

  take({ frames, status }: Rows, buffers: Buffer[]): void {
    frames.forEach((frame, i) => this.store.take(frame, floats(buffers[i]!)));
    this.status = status;
    this.ghost.fit(status.per_epoch);
  }

  /** It has ended where nobody said so. */
  end(word: string): void {
    if (this.status && this.status.state !== 'ended') {
      this.status = { ...this.status, state: 'ended', word, road: '', pace: '' };
    }
    this.wheel.finish();
  }

  pause(): void {
    this.wheel.send({ do: 'pause' });
  }

  resume(): void {
    this.wheel.send({ do: 'resume' });
  }

  stop(): void {
    this.wheel.send({ do: 'stop' });
  }

  weigh(weights: ReadonlyMap<string, number>): boolean {
    const known = this.about.tasks.filter(task => weights.has(task));
    if (!known.length || this.over) return false;
    this.wheel.set('weights', {
      ...this.wheel.get('weights'),
      ...Object.fromEntries(known.map(task => [task, weights.get(task)]))
    });
    this.wheel.save_changes();
    return true;
  }
}
