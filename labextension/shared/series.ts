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

  constructor(readonly width: number) {
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
      const index = step === last ? steps.length - 1 : steps.length;
      for (let c = 0; c < this.width; c++) this.columns[c]![index] = rows[at + c]!;
    }
    if (this.length > KEEPS) this.thin();
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

/** The floats of a buffer, however the widget manager gives it. */
export function floats(data: DataView | ArrayBuffer | Uint8Array): Float32Array {
  const view =
    data instanceof ArrayBuffer ? new DataView(data) : new DataView(data.buffer, data.byteOffset, data.byteLength);
  const found = new Float32Array(Math.floor(view.byteLength / 4));
  for (let i = 0; i < found.length; i++) found[i] = view.getFloat32(4 * i, true);
  return found;
}

/** All series of a training, by kind and label. */
export class Store {
  private series = new Map<string, Map<string, Series>>();

  clear(): void {
    this.series.clear();
  }

  take(frame: Frame, rows: Float32Array): void {
    const labels = this.series.get(frame.kind) ?? new Map<string, Series>();
    this.series.set(frame.kind, labels);
    let series = labels.get(frame.label);
    // One row of a network with other experts, for one, is no continuation.
    if (!series || series.width !== frame.columns) labels.set(frame.label, (series = new Series(frame.columns)));
    series.about = frame.about ?? {};
    series.append(rows);
  }

  /** A trait that holds frames with their data: `Feed.history`. */
  load(history: { frames?: (Frame & { data: DataView })[] }): void {
    for (const frame of history.frames ?? []) this.take(frame, floats(frame.data));
  }

  get(kind: string, label = ''): Series | undefined {
    return this.series.get(kind)?.get(label);
  }

  labels(kind: string): string[] {
    return [...(this.series.get(kind)?.keys() ?? [])];
  }
}
