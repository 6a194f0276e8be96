/** What we use of a widget's model; anywidget gives it, and the sidebar's comm looks the same. */
export interface Model {
  get(name: string): any;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(name: string, callback: (...args: any[]) => void): void;
  off(name: string, callback?: ((...args: any[]) => void) | null): void;
  widget_manager?: { get_model(id: string): Promise<Model> };
}

export interface Palette {
  light: string[];
  dark: string[];
}

/** Where a training stands: `dashboard/status.py` says it. */
export interface Status {
  state: 'starting' | 'training' | 'paused' | 'ended';
  word: string;
  road: string;
  place: string;
  pace: string;
  done: number;
  epochs: number;
  per_epoch: number;
  step: number;
  best_epoch: number | null;
  said: string[];
  methods?: [step: number, method: string][]; // of balancing: from which step on
  yours?: boolean; // a person has weighed a task
}

/** What a part of a page does when it goes. */
export type Cleanup = () => void;

/** Calls once the kernel of a model has gone: the widget manager says that much, and no more is heard on its comm. */
export function gone(model: Model, call: () => void): Cleanup {
  model.on('comm_live_update', call);
  return () => model.off('comm_live_update', call);
}

/** The model that a trait refers to; none where a saved notebook has no state of it. */
export async function referred(model: Model, trait: string): Promise<Model | null> {
  const ref = model.get(trait);
  if (typeof ref !== 'string' || !model.widget_manager) return null;
  try {
    return await model.widget_manager.get_model(ref.replace(/^(IPY_MODEL_|anywidget:)/, ''));
  } catch {
    return null;
  }
}
