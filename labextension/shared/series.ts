/** Series of rows that never grow past a bound, as `dashboard/ring.py` keeps them in the kernel. */

export const KEEPS = 4096;

/** Head of some rows, as they travel; `dashboard/rows.py`. */
export interface Frame {
  kind: string;
  label: string;
  columns: number;
  about: Record<string, any>;
}

export class Series {
  /** `columns[0]` are the steps. */
  columns: number[][];
  about: Record<string, any> = {};

  /** `keeps`: rows at most; 1: what came before is nothing any more, as how gates are used now. */
  constructor(
    readonly width: number,
    private keeps = KEEPS
  ) {
    this.columns = Array.from({ length: width }, () => []);
  }

  get length(): number {
    return this.columns[0]!.length;
  }

  /** A value of the last row; NaN where there is none. */
  last(column: number): number {
    return this.columns[column]?.[this.length - 1] ?? NaN;
  }

  /** Takes rows; those of an earlier step than the last are there already, those of the same step take its place. */
  append(rows: Float32Array): void {
    const steps = this.columns[0]!;
    for (let at = 0; at + this.width <= rows.length; at += this.width) {
      const step = rows[at]!;
      const last = steps.length ? steps[steps.length - 1]! : -Infinity;
      if (step < last) continue;
      const index = step === last || this.keeps === 1 ? Math.max(steps.length - 1, 0) : steps.length;
      for (let c = 0; c < this.width; c++) this.columns[c]![index] = rows[at + c]!;
    }
    if (this.length > this.keeps) this.thin();
  }

  /** The index of the best row, which `about.best` says how to tell; -1 where none is. */
  get best(): number {
    return this.about['best'] === undefined ? -1 : this.columns[this.about['best']]!.lastIndexOf(1);
  }

  /** Every second row goes; the best and the last stay. */
  private thin(): void {
    const [best, last] = [this.best, this.length - 1];
    this.columns = this.columns.map(values => values.filter((_, i) => i % 2 === 0 || i === last || i === best));
  }
}

export type Buffer = ArrayBuffer | ArrayBufferView;

/** The floats of a buffer, however the widget manager gives it. */
export function floats(data: Buffer): Float32Array {
  const view =
    data instanceof ArrayBuffer ? new DataView(data) : new DataView(data.buffer, data.byteOffset, data.byteLength);
  const found = new Float32Array(Math.floor(view.byteLength / 4));
  for (let i = 0; i < found.length; i++) found[i] = view.getFloat32(4 * i, true);
  return found;
}

/** All series of a training, by kind and label. */
export class Store {
  private series = new Map<string, Map<string, Series>>();

  /** `keeps`: of some kinds, how many rows the kernel keeps. */
  constructor(private keeps: Record<string, number> = {}) {}

  clear(): void {
    this.series.clear();
  }

  take(frame: Frame, rows: Float32Array): void {
    const labels = this.series.get(frame.kind) ?? new Map<string, Series>();
    this.series.set(frame.kind, labels);
    let series = labels.get(frame.label);
    // One row of a network with other experts, for one, is no continuation.
    if (!series || series.width !== frame.columns) {
      series = new Series(frame.columns, this.keeps[frame.kind] === 1 ? 1 : KEEPS);
      labels.set(frame.label, series);
    }
    series.about = frame.about ?? {};
    series.append(rows);
  }

  /** A trait that holds frames with their data: `Feed.history`. */
  load(history: { frames?: (Frame & { data: Buffer })[] }): void {
    for (const frame of history.frames ?? []) this.take(frame, floats(frame.data));
  }

  get(kind: string, label = ''): Series | undefined {
    return this.series.get(kind)?.get(label);
  }

  labels(kind: string): string[] {
    return [...(this.series.get(kind)?.keys() ?? [])];
  }
}
