/** The dashboard of a search: a dot a trial, an axis a space, a bar an importance; a click shows the cell of a trial. */

import '../shared/base.css';
import './search.css';

import { h, say } from '../shared/dom';
import { ownKeys } from '../shared/keys';
import { gone, referred, type Cleanup, type Model } from '../shared/model';
import { themed } from '../shared/theme';
import { bars } from './search/bars';
import { axes } from './search/axes';
import { dots } from './search/dots';
import { chosen } from './search/chosen';
import type { Drawing, State } from './search/state';

const ENDED: Record<string, string> = { died: 'its process died; run the cell again to go on' };

function headline(state: State): string {
  const done = state.trials.filter(t => t.status !== 'running').length;
  const failed = state.trials.filter(t => t.status === 'failed').length;
  const parts = [`${done}${state.planned ? ` of ${state.planned}` : ''} trials`];
  if (failed) parts.push(`${failed} failed`);
  if (state.best !== null) parts.push(`best trial ${state.best}`);
  return parts.join(', ');
}

async function render(model: Model, el: HTMLElement): Promise<Cleanup> {
  const palette = model.get('colours');
  const root = h('div', { class: 'mtl mtl-drawn mtl-search', role: 'region', 'aria-label': 'search' });
  el.append(root);
  const name = h('span', { class: 'mtl-name' });
  const chip = h('span', { class: 'mtl-chip' });
  const about = h('span', { class: 'mtl-num' });
  const now = h('span', { class: 'mtl-dim mtl-num', role: 'status' });
  const road = h('span', { class: 'mtl-dim' });
  const foot = h('div', { class: 'mtl-foot' }, now, road);
  const bar = h('i');
  const slot = h('span', { class: 'mtl-slot' });
  let focus: number | null = null;
  const card = chosen(number => choose(number));
  const parts: Drawing[] = [dots(number => choose(number)), bars(), axes(number => choose(number))];
  root.append(
    h('div', { class: 'mtl-head' }, name, chip, about, h('span', { class: 'mtl-grow' }), slot),
    h('div', { class: 'mtl-bar' }, bar),
    h('div', { class: 'mtl-charts' }, ...parts.map(p => p.el)),
    card.el,
    foot
  );
  let over = false;
  function draw(): void {
    const state: State = model.get('state');
    if (!state?.trials) return;
    const running = state.status === 'running' && !over;
    root.dataset['state'] = running ? 'training' : 'ended';
    slot.hidden = !running;
    root.setAttribute('aria-label', `search ${state.name}`);
    say(name, state.name);
    say(chip, running ? 'searching' : over && state.status === 'running' ? 'kernel restarted' : state.status);
    chip.title = ENDED[state.status] ?? '';
    say(about, headline(state));
    const done = state.trials.filter(t => t.status !== 'running').length;
    bar.style.width = `${running && state.planned ? Math.min(100, (100 * done) / state.planned) : 100}%`;
    const shown = focus ?? state.best;
    parts.forEach(p => p.update(state, shown));
    card.update(state, shown);
  }
  function choose(number: number | null): void {
    focus = number;
    draw();
  }
  const spoken = () => {
    say(now, over ? '' : (model.get('now') ?? ''));
    say(road, over ? '' : (model.get('road') ?? ''));
    foot.hidden = !foot.textContent;
  };
  let wide = 0;
  const sized = new ResizeObserver(() => {
    if (wide !== root.clientWidth) draw();
    wide = root.clientWidth;
  });
  sized.observe(root);
  const cleanups: Cleanup[] = [
    () => sized.disconnect(),
    themed(root, palette),
    ownKeys(root),
    gone(model, () => {
      over = true;
      draw();
      spoken();
    })
  ];
  for (const [event, call] of [
    ['change:state', draw],
    ['change:now', spoken],
    ['change:road', spoken]
  ] as const) {
    model.on(event, call);
    cleanups.push(() => model.off(event, call));
  }
  const wheel = await referred(model, 'controls');
  if (wheel) cleanups.push(stop(wheel, slot));
  draw();
  spoken();
  return () => cleanups.forEach(clean => clean());
}

/** The button that ends a search. */
function stop(wheel: Model, slot: HTMLElement): Cleanup {
  const title =
    'end the search after the running step; the best trial so far becomes the run, and the cell goes on where it was';
  const button = h('button', { type: 'button', title, click: press }, 'Stop');
  function press(): void {
    wheel.send({ do: 'stop' });
    say(button, 'Stopping');
    button.disabled = true;
  }
  const rest = () => {
    if (wheel.get('ended')) button.hidden = true;
  };
  wheel.on('change:ended', rest);
  const silent = gone(wheel, () => (button.hidden = true));
  rest();
  slot.append(button);
  const timers = [0, 700, 1400, 2800, 5600].map((wait, n) => setTimeout(() => wheel.send({ do: 'hello', n }), wait));
  return () => {
    wheel.off('change:ended', rest);
    silent();
    timers.forEach(clearTimeout);
  };
}

export default {
  render: ({ model, el }: { model: Model; el: HTMLElement }) => render(model, el)
};
