/** What steers a training, as `shared/` knows it: the state is the kernel's, and what moves here is sent there. */

import type { JSONObject } from '@lumino/coreutils';

import type { Model } from '../../shared/model';

type State = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any

export class Wheel implements Model {
  private moved: State = {};
  private readonly heard = new Map<string, Set<(...args: unknown[]) => void>>();

  /** `page`: how many messages it has sent, to this training and those before. */
  constructor(
    private state: State,
    private readonly say: (message: JSONObject) => void,
    private readonly page: { sent: number }
  ) {}

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  get(name: string): any {
    return this.state[name];
  }

  set(name: string, value: unknown): void {
    if (name === 'weights') {
      const weights = Object.entries(value as Record<string, number>);
      const moved = weights.filter(([task, weight]) => weight !== this.state['weights'][task]);
      value = { ...this.state['weights'], ...Object.fromEntries(moved) };
      this.moved[name] = { ...this.moved[name], ...Object.fromEntries(moved) };
    } else this.moved[name] = value;
    this.put(name, value);
  }

  save_changes(): void {
    if (!Object.keys(this.moved).length) return;
    this.say({ do: 'set', n: ++this.page.sent, values: this.moved });
    this.moved = {};
  }

  send(content: unknown): void {
    this.say(content as JSONObject);
  }

  on(name: string, callback: (...args: unknown[]) => void): void {
    this.heard.set(name, (this.heard.get(name) ?? new Set()).add(callback));
  }

  off(name: string, callback?: ((...args: unknown[]) => void) | null): void {
    if (callback) this.heard.get(name)?.delete(callback);
  }

  /** What the kernel has; `n`: the last of our messages that is in it. An older one would turn a slider back that is dragged. */
  take(state: State, n: number): void {
    if (n !== this.page.sent) return;
    for (const [name, value] of Object.entries(state)) {
      if (JSON.stringify(value) !== JSON.stringify(this.state[name])) this.put(name, value);
    }
  }

  /** Nothing moves any more. */
  finish(): void {
    this.put('ended', true);
  }

  private put(name: string, value: unknown): void {
    this.state = { ...this.state, [name]: value };
    this.heard.get(`change:${name}`)?.forEach(call => call());
  }
}
