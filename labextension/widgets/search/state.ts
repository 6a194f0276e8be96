/** What a search's page knows: `dashboard/search.py` says it in `state_of`. */

export interface Parameter {
  name: string;
  options: string[];
  low: number;
  high: number;
  log: boolean;
}

export interface Trial {
  number: number;
  status: 'running' | 'finished' | 'stopped' | 'failed';
  values: (number | null)[];
  places: (number | null)[];
  said: string[];
  cell: string;
  error: string;
}

export interface State {
  name: string;
  status: string;
  planned: number;
  objectives: { name: string; higher: boolean }[];
  parameters: Parameter[];
  trials: Trial[];
  front: number[];
  best: number | null;
  importance: number[][];
  explained: number[];
}

/** A part of the page; `shown` is the trial that is looked at. */
export interface Drawing {
  el: HTMLElement;
  update(state: State, shown: number | null): void;
}

/** Trials that can be compared. */
export const compared = (state: State) => state.trials.filter(t => t.values.length && t.values.every(v => v !== null));

/** From 0, the worst, to 1: the mean rank of a trial over the objectives. */
export function ranks(state: State): Map<number, number> {
  const done = compared(state);
  const sums = new Map(done.map(t => [t.number, 0]));
  state.objectives.forEach((objective, k) => {
    const sign = objective.higher ? 1 : -1;
    const order = [...done].sort((a, b) => sign * (a.values[k]! - b.values[k]!));
    order.forEach((t, at) => sums.set(t.number, sums.get(t.number)! + at / Math.max(done.length - 1, 1)));
  });
  const count = Math.max(state.objectives.length, 1);
  return new Map([...sums].map(([number, sum]) => [number, sum / count]));
}

/** Lowest and highest, a little apart where they are one. */
export function ends(values: number[]): [number, number] {
  if (!values.length) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = high > low ? 0.04 * (high - low) : Math.abs(low) * 0.05 || 1;
  return [low - pad, high + pad];
}

/** A name that is cut where it is long: its end tells names apart. */
export const cut = (text: string, most = 20) => (text.length <= most ? text : `…${text.slice(1 - most)}`);
