/** The slider along a front of trade-offs between two tasks; the stop at which it stands becomes a run. */

import '../shared/base.css';
import './front.css';

import { h, say } from '../shared/dom';
import { short } from '../shared/format';
import { ownKeys } from '../shared/keys';
import { gone, type Cleanup, type Model } from '../shared/model';
import { themed } from '../shared/theme';
import { panel } from './charts/panel';
import { picture } from './front/picture';
import type { State, Stop } from './front/state';

const WEAK = 'dominated: another stop is better in one task and no worse in the other';

function render(model: Model, el: HTMLElement): Cleanup {
  const state: State = model.get('state');
  const { tasks, metrics, stops } = state;
  const root = h('div', { class: 'mtl mtl-drawn mtl-front', role: 'region', 'aria-label': `front of ${state.name}` });
  const drawing = picture(state, at => choose(at));
  const side = panel('stop', 'Preference', 'where the slider stands');
  const range = h('input', {
    type: 'range',
    class: 'mtl-range',
    min: 0,
    max: stops.length - 1,
    step: 1,
    'aria-label': `preference between ${tasks[1]} and ${tasks[0]}`,
    style: '--c:var(--t0)',
    input: () => choose(Number(range.value))
  });
  const share = h('p', { class: 'mtl-num' });
  const values = tasks.map(() => h('td', { class: 'mtl-num' }));
  const weak = h('p', { class: 'mtl-weakness' });
  side.body.append(
    h('div', { class: 'mtl-prefer' }, h('span', {}, tasks[1]), range, h('span', {}, tasks[0])),
    share,
    h(
      'table',
      {},
      h(
        'tbody',
        {},
        ...tasks.map((task, k) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, h('strong', {}, task), ' ', h('span', { class: 'mtl-dim' }, metrics[k])),
            values[k]
          )
        )
      )
    ),
    weak
  );
  root.append(
    h('div', { class: 'mtl-head' }, h('span', { class: 'mtl-name' }, state.name), h('span', {}, state.about)),
    h('div', { class: 'mtl-charts' }, drawing.el, side.el)
  );
  el.append(root);

  function draw(): void {
    const at: number = model.get('at');
    const stop = stops[at]!;
    range.value = String(at);
    range.style.setProperty('--part', `${(100 * at) / (stops.length - 1)}%`);
    range.setAttribute('aria-valuetext', spoken(state, stop));
    say(share, stop.said);
    values.forEach((cell, k) => say(cell, short(stop.values[k])));
    say(weak, stop.best ? '' : WEAK);
    drawing.update(at);
  }
  function choose(at: number): void {
    model.set('at', at);
    model.save_changes();
  }
  const cleanups: Cleanup[] = [themed(root, model.get('colours')), ownKeys(root)];
  if (state.keeps) {
    const form = keep(model, `${state.name}_chosen`);
    side.body.append(form.el);
    cleanups.push(form.cleanup);
  }
  model.on('change:at', draw);
  cleanups.push(() => model.off('change:at', draw));
  draw();
  return () => cleanups.forEach(clean => clean());
}

/** What a screen reader says of a stop. */
function spoken({ tasks, metrics }: State, stop: Stop): string {
  const values = tasks.map((task, k) => `${task} ${metrics[k]} ${short(stop.values[k])}`);
  return `${stop.said}: ${values.join(', ')}${stop.best ? '' : ', dominated'}`;
}

/** A name and a button: the kernel makes a run of the stop, and answers. */
function keep(model: Model, proposed: string): { el: HTMLElement; cleanup: Cleanup } {
  const name = h('input', { type: 'text', value: proposed, spellcheck: false });
  const button = h('button', { type: 'submit' }, 'Keep this stop as a run');
  const said = h('p', { class: 'mtl-said', role: 'status' });
  const answer = (text: string, wrong = false) => {
    say(said, text);
    said.classList.toggle('mtl-error', wrong);
  };
  const asked = (event: Event) => {
    event.preventDefault();
    answer('the kernel is asked …');
    model.send({ do: 'keep', name: name.value, at: model.get('at') });
  };
  const heard = (content: { do?: string; said: string; wrong: boolean }) => {
    if (content.do === 'kept') answer(content.said, content.wrong);
  };
  model.on('msg:custom', heard);
  const cleanups = [
    () => model.off('msg:custom', heard),
    gone(model, () => {
      name.disabled = button.disabled = true;
      answer('the kernel that has these runs has gone');
    })
  ];
  const el = h('div', {}, h('form', { class: 'mtl-keep', submit: asked }, h('label', {}, 'run ', name), button), said);
  return { el, cleanup: () => cleanups.forEach(clean => clean()) };
}

export default { render: ({ model, el }: { model: Model; el: HTMLElement }) => render(model, el) };
