/** The topology: grey is shared, a colour is one task's own; a way through a gate is as wide as its share. */

import { h, s } from '../../../shared/dom';
import type { Store } from '../../../shared/series';
import { colour } from '../../../shared/theme';
import type { About, Sketch, Training } from '../../kernel/training';
import type { Shared } from '../offline';
import { LivePart, type Drawn } from './part';
import { goToLine } from './place';

const [THIN, WIDE] = [0.4, 4]; // of a way that is not used, and of one that is all of a gate

export class SharingPart extends LivePart {
  constructor(shared: Shared) {
    super(shared.trans.__('Sharing'), shared);
  }

  protected make({ store }: Training, about: About): Drawn {
    const { trans } = this.shared;
    const { sketch } = about;
    if (!sketch) return { update: () => false };
    const own = (tasks: number[]) => (tasks.length === 1 ? `--c:${colour(tasks[0]!, about.colours!)}` : undefined);
    const edges = sketch.edges.map(({ path, kind, tasks }) =>
      s('path', { class: 'mtl-edge', 'data-kind': kind, d: path, style: own(tasks) })
    );
    const place = ([x, y, width, height]: number[]) => ({ x, y, width, height });
    /** A place to go to, or only a picture of one. */
    const link = (tip: string, line: number, style: string | undefined, ...inside: SVGElement[]) => {
      const go = () => goToLine(this.shared, about, line);
      const acts = { role: 'button', tabindex: -1, click: go, keydown: (event: KeyboardEvent) => press(event, go) };
      const label = line ? trans.__('%1, line %2', tip, line) : tip;
      return s(
        'g',
        { ...(line ? acts : { role: 'img' }), 'aria-label': label, style },
        s('title', {}, label),
        ...inside
      );
    };
    const frames = sketch.frames.map(({ place: at, label, tip, line }) =>
      link(
        tip,
        line,
        undefined,
        s('rect', { class: 'mtl-frame', rx: 5, ...place(at) }),
        s('text', { class: 'mtl-tiny', x: at[0]! + 4, y: at[1]! + 10 }, label)
      )
    );
    const boxes = sketch.boxes.map(({ kind, place: at, label, tip, tasks, line }) =>
      link(
        tip,
        line,
        own(tasks),
        s('rect', { class: 'mtl-node', 'data-kind': kind, rx: 3, ...place(at) }),
        s('text', { x: at[0]! + at[2]! / 2, y: at[1]! + at[3]! / 2 + 3.5, 'text-anchor': 'middle' }, label)
      )
    );
    const svg = s(
      'svg',
      {
        class: 'mtl-sketch',
        viewBox: `0 0 ${sketch.width} ${sketch.height}`,
        style: `min-width:${Math.max(sketch.width - 40, 0)}px`,
        role: 'group',
        'aria-label': sketch.about
      },
      ...frames,
      ...edges,
      ...boxes
    );
    svg.querySelector('[tabindex]')?.setAttribute('tabindex', '0');
    this.body.append(h('div', { class: 'mtl-scroll' }, svg));
    let drawn: number[] = [];
    return {
      update() {
        const shares = sketch.edges.map(({ gate }) => (gate ? share(store, gate) : NaN));
        if (shares.every((value, i) => Object.is(value, drawn[i]))) return true;
        drawn = shares;
        shares.forEach((value, i) => {
          if (Number.isFinite(value)) edges[i]!.style.strokeWidth = String(THIN + (WIDE - THIN) * value);
        });
        return true;
      }
    };
  }
}

/** Of a gate, how much it gives to an expert; NaN: nobody has said so yet. */
function share(store: Store, [block, taker, expert]: NonNullable<Sketch['edges'][number]['gate']>): number {
  const series = store.get('gates', block);
  const experts: string[] = series?.about['experts'] ?? [];
  const tasks: string[] = series?.about['tasks'] ?? [];
  const column = experts.indexOf(expert);
  if (!series || column < 0) return NaN;
  // a block of several levels has a row of a taker for each; an expert is of one of them
  const found = tasks.flatMap((task, row) => (task === taker ? [series.last(1 + row * experts.length + column)] : []));
  return found.length ? found.reduce((sum, value) => sum + value) : NaN;
}

/** Enter goes there; the arrows go from one to the next, so that Tab stops once. */
function press(event: KeyboardEvent, go: () => void): void {
  const { key, currentTarget } = event;
  const at = currentTarget as SVGElement;
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key];
  if (key === 'Enter' || key === ' ') go();
  else if (by) {
    const all = [...at.ownerSVGElement!.querySelectorAll<SVGElement>('[tabindex]')];
    const next = all[all.indexOf(at) + by];
    if (next) {
      at.setAttribute('tabindex', '-1');
      next.setAttribute('tabindex', '0');
      next.focus();
    }
  } else return;
  event.preventDefault();
  event.stopPropagation();
}
