/** A dot a trial: two objectives against each other with their front, or one by trial with the best so far. */

import { s } from '../../shared/dom';
import { short } from '../../shared/format';
import { panel } from '../charts/panel';
import { compared, cut, ends, type Drawing, type State, type Trial } from './state';

const [WIDE, HIGH, LEFT, TOP, BELOW, EDGE] = [420, 236, 48, 22, 34, 10];

export function dots(choose: (trial: number) => void): Drawing {
  const { el, body, about } = panel('dots', 'Trials', '');
  const svg = s('svg', { viewBox: `0 0 ${WIDE} ${HIGH}`, class: 'mtl-dots', role: 'img' });
  body.append(svg);
  return {
    el,
    update(state, shown) {
      const one = state.objectives.length === 1;
      about.textContent = one ? 'validation, by trial' : 'validation; the line is the front';
      svg.setAttribute(
        'aria-label',
        `${compared(state).length} trials by ${state.objectives.map(o => o.name).join(' and ')}`
      );
      draw(svg, state, shown, one, choose);
    }
  };
}

function draw(
  svg: SVGElement,
  state: State,
  shown: number | null,
  one: boolean,
  choose: (trial: number) => void
): void {
  svg.replaceChildren();
  const done = compared(state);
  const xOf = (t: Trial) => (one ? t.number : t.values[0]!);
  const yOf = (t: Trial) => t.values[one ? 0 : 1]!;
  const [x0, x1] = ends(done.map(xOf));
  const [y0, y1] = ends(done.map(yOf));
  const px = (x: number) => LEFT + ((x - x0) / (x1 - x0)) * (WIDE - LEFT - EDGE);
  const py = (y: number) => HIGH - BELOW - ((y - y0) / (y1 - y0)) * (HIGH - BELOW - TOP);
  const [down, across] = one ? [state.objectives[0], null] : [state.objectives[1], state.objectives[0]];
  const label = (text: string, x: number, y: number, more = {}) => s('text', { x, y, ...more }, text);
  const arrow = (o: { name: string; higher: boolean }) =>
    `${cut(o.name, 28)} ${o.higher ? '(higher is better)' : '(lower is better)'}`;
  svg.append(
    s('path', { d: `M${LEFT} ${TOP}V${HIGH - BELOW}H${WIDE - EDGE}`, class: 'mtl-axis' }),
    label(down ? arrow(down) : '', LEFT - 40, 10, { class: 'mtl-what' }),
    label(across ? arrow(across) : 'trial', WIDE - EDGE, HIGH - 4, { 'text-anchor': 'end', class: 'mtl-what' })
  );
  if (!done.length) return;
  const [yLow, yHigh] = [Math.min(...done.map(yOf)), Math.max(...done.map(yOf))];
  const [xLow, xHigh] = [Math.min(...done.map(xOf)), Math.max(...done.map(xOf))];
  const end = (v: number) => (one ? String(v) : short(v, 4));
  svg.append(
    label(short(yHigh, 4), LEFT - 4, py(yHigh) + 3, { 'text-anchor': 'end' }),
    label(short(yLow, 4), LEFT - 4, py(yLow) + 3, { 'text-anchor': 'end' }),
    label(end(xLow), px(xLow), HIGH - BELOW + 13, { 'text-anchor': 'middle' }),
    xHigh > xLow ? label(end(xHigh), px(xHigh), HIGH - BELOW + 13, { 'text-anchor': 'middle' }) : s('g')
  );
  svg.append(s('path', { d: line(state, done, one, px, py, xOf, yOf), class: 'mtl-line' }));
  const front = new Set(state.front);
  for (const t of [...done].sort((a, b) => Number(front.has(a.number)) - Number(front.has(b.number)))) {
    const classes = ['mtl-trial', front.has(t.number) ? 'mtl-on' : '', t.number === shown ? 'mtl-shown' : ''].join(' ');
    const said = state.objectives.map((o, k) => `${o.name} ${short(t.values[k], 4)}`).join(', ');
    const dot = s(
      'circle',
      {
        class: classes,
        cx: px(xOf(t)).toFixed(1),
        cy: py(yOf(t)).toFixed(1),
        r: t.number === shown ? 6 : 4.5,
        tabindex: 0,
        role: 'button',
        'data-trial': t.number,
        'aria-label': `trial ${t.number}: ${said}`,
        click: () => choose(t.number),
        keydown: (event: KeyboardEvent) => event.key === 'Enter' && choose(t.number)
      },
      s('title', {}, `trial ${t.number}: ${said}`)
    );
    svg.append(dot);
  }
}

/** The front from left to right, or the best so far. */
function line(
  state: State,
  done: Trial[],
  one: boolean,
  px: (x: number) => number,
  py: (y: number) => number,
  xOf: (t: Trial) => number,
  yOf: (t: Trial) => number
): string {
  if (!one) {
    if (state.objectives.length > 2) return '';
    const on = done.filter(t => state.front.includes(t.number)).sort((a, b) => xOf(a) - xOf(b));
    return on.map((t, i) => `${i ? 'L' : 'M'}${px(xOf(t)).toFixed(1)} ${py(yOf(t)).toFixed(1)}`).join('');
  }
  const higher = state.objectives[0]!.higher;
  let best: number | null = null;
  let path = '';
  for (const t of done) {
    const value = yOf(t);
    if (best === null || (higher ? value > best : value < best)) best = value;
    path += path
      ? `H${px(xOf(t)).toFixed(1)}V${py(best).toFixed(1)}`
      : `M${px(xOf(t)).toFixed(1)} ${py(best).toFixed(1)}`;
  }
  return path;
}
