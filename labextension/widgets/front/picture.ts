/** The stops against each other: better is to the right and up, whatever the metrics' direction. */

import { s } from '../../shared/dom';
import { short } from '../../shared/format';
import { panel } from '../charts/panel';
import { cut, ends } from '../search/state';
import type { State } from './state';

const [WIDE, HIGH, LEFT, TOP, BELOW, EDGE] = [420, 236, 48, 26, 34, 34];

export function picture(state: State, choose: (at: number) => void): { el: HTMLElement; update(at: number): void } {
  const { tasks, metrics, higher, stops } = state;
  const { el, body } = panel('front', 'Stops', 'better is to the right and up; the line is the front');
  const svg = s('svg', {
    viewBox: `0 0 ${WIDE} ${HIGH}`,
    class: 'mtl-dots',
    role: 'img',
    'aria-label': `${stops.length} stops by ${tasks.map((t, k) => `${t} ${metrics[k]}`).join(' and ')}`
  });
  body.append(svg);

  const [px, py] = [scale(0, LEFT, WIDE - EDGE), scale(1, HIGH - BELOW, TOP)];
  /** From the worse end to the better. */
  function scale(k: 0 | 1, from: number, to: number): (value: number) => number {
    const [low, high] = ends(stops.map(stop => stop.values[k]));
    return value => {
      const part = (value - low) / (high - low);
      return from + (higher[k] ? part : 1 - part) * (to - from);
    };
  }

  const label = (text: string, x: number, y: number, more = {}) => s('text', { x, y, ...more }, text);
  const what = (k: 0 | 1) => `${cut(`${tasks[k]} ${metrics[k]}`, 28)} (${higher[k] ? 'higher' : 'lower'} is better)`;
  svg.append(
    s('path', { d: `M${LEFT} ${TOP}V${HIGH - BELOW}H${WIDE - EDGE}`, class: 'mtl-axis' }),
    label(what(1), LEFT - 40, 10, { class: 'mtl-what' }),
    label(what(0), WIDE - EDGE, HIGH - 4, { 'text-anchor': 'end', class: 'mtl-what' })
  );
  for (const value of range(0)) {
    svg.append(label(short(value), px(value), HIGH - BELOW + 13, { 'text-anchor': 'middle' }));
  }
  for (const value of range(1)) svg.append(label(short(value), LEFT - 4, py(value) + 3, { 'text-anchor': 'end' }));
  function range(k: 0 | 1): Set<number> {
    const values = stops.map(stop => stop.values[k]);
    return new Set([Math.min(...values), Math.max(...values)]);
  }

  const on = stops.filter(stop => stop.best).sort((a, b) => px(a.values[0]) - px(b.values[0]));
  svg.append(s('path', { d: `M${on.map(({ values: [x, y] }) => `${px(x)} ${py(y)}`).join('L')}`, class: 'mtl-line' }));
  const dots = stops.map(({ said, share, values: [x, y], best }, at) => {
    svg.append(label(`${Math.round(100 * share)}%`, px(x) + 8, py(y) - 6, { class: 'mtl-mark' }));
    return s(
      'circle',
      {
        class: `mtl-trial ${best ? 'mtl-on' : 'mtl-weak'}`,
        cx: px(x).toFixed(1),
        cy: py(y).toFixed(1),
        click: () => choose(at)
      },
      s('title', {}, said)
    );
  });
  svg.append(...dots);
  return {
    el,
    update(at) {
      dots.forEach((dot, k) => {
        dot.classList.toggle('mtl-shown', k === at);
        dot.setAttribute('r', k === at ? '6' : '4.5');
      });
    }
  };
}
