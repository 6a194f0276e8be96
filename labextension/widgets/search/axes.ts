/** Parallel coordinates: an axis a space and an objective, a line a trial, the better the stronger. */

import { s } from '../../shared/dom';
import { short } from '../../shared/format';
import { panel } from '../charts/panel';
import { compared, cut, ends, ranks, type Drawing, type Parameter, type State } from './state';

const [LEAST, HIGH, TOP, BELOW, EDGE] = [420, 220, 12, 22, 56];
const LETTER = 6.8; // of a name, at most: a name ends before the next axis' begins

export function axes(choose: (trial: number) => void): Drawing {
  const { el, body } = panel('axes', 'Values', 'a line a trial; the better, the stronger');
  el.classList.add('mtl-whole');
  const svg = s('svg', {
    class: 'mtl-axes',
    role: 'img',
    'aria-label': 'values of the trials'
  });
  body.append(svg);
  return {
    el,
    update(state, shown) {
      svg.replaceChildren();
      const wide = Math.max(body.clientWidth, LEAST); // words keep their size
      svg.setAttribute('viewBox', `0 0 ${wide} ${HIGH}`);
      const count = state.parameters.length + state.objectives.length;
      const px = (k: number) => EDGE + (k * (wide - 2 * EDGE)) / Math.max(count - 1, 1);
      const py = (place: number) => HIGH - BELOW - place * (HIGH - TOP - BELOW);
      frame(svg, state, px, py);
      lines(svg, state, shown, px, py, choose);
      labels(svg, state, px, py);
    }
  };
}

type Scale = (value: number) => number;

function frame(svg: SVGElement, state: State, px: Scale, py: Scale): void {
  const names = [...state.parameters.map(p => p.name), ...state.objectives.map(o => o.name)];
  const room = Math.max((px(1) - px(0)) / LETTER, 3);
  names.forEach((name, k) => {
    const shown = cut(name, Math.floor(Math.min(room, k === 0 || k === names.length - 1 ? (2 * EDGE) / LETTER : 20)));
    svg.append(
      s('path', { d: `M${px(k)} ${py(0)}V${py(1)}`, class: 'mtl-axis' }),
      s('text', { x: px(k), y: HIGH - 4, 'text-anchor': 'middle', class: 'mtl-what' }, s('title', {}, name), shown)
    );
  });
}

/** What stands at the axes, above the lines. */
function labels(svg: SVGElement, state: State, px: Scale, py: Scale): void {
  state.parameters.forEach((p, k) => marks(p).forEach(([place, text]) => svg.append(mark(px(k), py(place), text))));
  const done = compared(state);
  state.objectives.forEach((_, k) => {
    if (!done.length) return;
    const values = done.map(t => t.values[k]!);
    const [low, high] = ends(values);
    const at = state.parameters.length + k;
    for (const value of new Set([Math.min(...values), Math.max(...values)])) {
      svg.append(mark(px(at), py((value - low) / (high - low)), short(value, 4)));
    }
  });
}

/** What stands at an axis: its options, or its ends. */
function marks(p: Parameter): [number, string][] {
  if (!p.options.length)
    return [
      [0, short(p.low)],
      [1, short(p.high)]
    ];
  return p.options.map((option, i) => [i / Math.max(p.options.length - 1, 1), cut(option, 14)]);
}

const mark = (x: number, y: number, text: string) => s('text', { x: x + 4, y: y + 3, class: 'mtl-mark' }, text);

function lines(
  svg: SVGElement,
  state: State,
  shown: number | null,
  px: Scale,
  py: Scale,
  choose: (trial: number) => void
): void {
  const rank = ranks(state);
  const scales = state.objectives.map((_, k) => ends(compared(state).map(t => t.values[k]!)));
  const order = compared(state).sort((a, b) => rank.get(a.number)! - rank.get(b.number)!);
  for (const t of [...order.filter(o => o.number !== shown), ...order.filter(o => o.number === shown)]) {
    const places = [...t.places, ...t.values.map((v, k) => (v! - scales[k]![0]) / (scales[k]![1] - scales[k]![0]))];
    const points = places.flatMap((place, k) =>
      place === null ? [] : [`${px(k).toFixed(1)} ${py(place).toFixed(1)}`]
    );
    const strength = rank.get(t.number)!;
    svg.append(
      s(
        'path',
        {
          d: `M${points.join('L')}`,
          class: `mtl-path${t.number === shown ? ' mtl-shown' : ''}`,
          style: `--strength:${(0.1 + 0.75 * strength ** 2).toFixed(3)};stroke-width:${(0.7 + 1.3 * strength).toFixed(2)}`,
          'data-trial': t.number,
          click: () => choose(t.number)
        },
        s('title', {}, `trial ${t.number}`)
      )
    );
  }
}
