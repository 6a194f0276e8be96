/** The earlier run behind this one: its rows, in this run's tasks and epochs. */

import { Store, type Buffer, type Frame } from './series';

/** The columns before those of the tasks, in the kinds that have one a task. */
const OFFSET: Record<string, number> = { losses: 1, metrics: 2, weights: 1 };

export class Ghost extends Store {
  private perEpoch: number;

  /** `history`: what `Feed.history` held; `tasks`: those of the run in front. */
  constructor(
    history: { frames?: (Frame & { data: Buffer })[]; tasks?: string[]; status?: { per_epoch: number } },
    tasks: string[]
  ) {
    super();
    this.load(history);
    this.perEpoch = history.status?.per_epoch ?? 0;
    const theirs = history.tasks ?? tasks;
    for (const [kind, offset] of Object.entries(OFFSET)) {
      for (const label of this.labels(kind)) {
        const series = this.get(kind, label)!;
        const none = series.columns[0]!.map(() => NaN);
        const found = tasks.map(task => series.columns[offset + theirs.indexOf(task)]);
        series.columns = [
          ...series.columns.slice(0, offset),
          ...found.map((values, i) => (theirs.includes(tasks[i]!) && values ? values : none))
        ];
      }
    }
  }

  /** An epoch may have had other steps: they are stretched to those of this run. */
  fit(perEpoch: number): void {
    if (!perEpoch || !this.perEpoch || perEpoch === this.perEpoch) return;
    const by = perEpoch / this.perEpoch;
    for (const kind of Object.keys(OFFSET)) {
      for (const label of this.labels(kind)) {
        const series = this.get(kind, label)!;
        series.columns[0] = series.columns[0]!.map(step => step * by);
      }
    }
    this.perEpoch = perEpoch;
  }
}
