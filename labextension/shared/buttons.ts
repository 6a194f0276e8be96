/** Pause and resume, stop, checkpoint; the balancing method and the learning rate; what went wrong. */

import { h, say } from './dom';
import { plain } from './format';
import { gone, type Cleanup, type Model, type Status } from './model';
import { trans } from './words';

/** The buttons. `show` tells them where the training stands; without it they offer all. */
export function buttons(model: Model): { el: HTMLElement; show(status: Status): void; cleanup: Cleanup } {
  let paused = false;
  let busy = true;
  const button = (text: string, title: string, press: () => void) =>
    h('button', { type: 'button', title, click: press }, text);
  const pause = button(trans.__('Pause'), trans.__('wait after the running step'), () => {
    model.send({ do: paused ? 'resume' : 'pause' });
    paused = !paused;
    show();
  });
  const stop = button(trans.__('Stop'), trans.__('end after the running step; the run stays usable'), () =>
    model.send({ do: 'stop' })
  );
  const keep = button(trans.__('Checkpoint'), trans.__('write one after the running step'), () =>
    model.send({ do: 'checkpoint' })
  );
  const show = () => {
    say(pause, paused ? trans.__('Resume') : trans.__('Pause'));
    pause.disabled = stop.disabled = keep.disabled = !busy || Boolean(model.get('ended'));
  };
  model.on('change:ended', show);
  show();
  return {
    el: h('span', { class: 'mtl-buttons', role: 'group', 'aria-label': trans.__('training') }, pause, stop, keep),
    show(status) {
      paused = status.state === 'paused';
      busy = status.state !== 'ended';
      show();
    },
    cleanup: () => model.off('change:ended', show)
  };
}

/** Method and learning rate. */
export function settings(model: Model): { el: HTMLElement; cleanup: Cleanup } {
  const methods: string[] = model.get('methods') ?? [];
  const select = h('select', { 'aria-label': 'balancing method' }, ...methods.map(m => h('option', { value: m }, m)));
  const lr = h('input', {
    type: 'text',
    class: 'mtl-box mtl-lr',
    inputmode: 'decimal',
    'aria-label': 'learning rate',
    spellcheck: false
  });
  const error = h('span', { class: 'mtl-error', role: 'alert' });
  const show = () => {
    select.value = model.get('method');
    if (document.activeElement !== lr) lr.value = plain(Number(model.get('lr')));
    select.disabled = lr.disabled = Boolean(model.get('ended'));
    say(error, model.get('error') ?? '');
  };
  const write = (trait: string, value: unknown) => {
    if (model.get(trait) === value) return;
    model.set(trait, value);
    model.save_changes();
  };
  const typed = () => {
    const value = Number(lr.value.trim().replace(',', '.'));
    const fits = Number.isFinite(value) && value > 0;
    lr.setAttribute('aria-invalid', String(!fits));
    lr.title = fits ? '' : 'a number above 0';
    if (fits && plain(value) !== plain(Number(model.get('lr')))) write('lr', value);
    return fits;
  };
  select.addEventListener('change', () => write('method', select.value));
  select.addEventListener('keydown', event => event.stopPropagation());
  lr.addEventListener('keydown', event => {
    event.stopPropagation();
    if (event.key === 'Enter') typed();
    if (event.key === 'Escape') {
      lr.value = plain(Number(model.get('lr')));
      typed();
    }
  });
  lr.addEventListener('blur', () => {
    if (!typed()) {
      lr.setAttribute('aria-invalid', 'false');
      lr.value = plain(Number(model.get('lr')));
    }
  });
  const heard = ['change:method', 'change:lr', 'change:ended', 'change:error'];
  heard.forEach(name => model.on(name, show));
  show();
  const el = h(
    'div',
    { class: 'mtl-settings' },
    h('label', {}, 'Balancing ', select),
    h('label', {}, 'Learning rate ', lr),
    error
  );
  return { el, cleanup: () => heard.forEach(name => model.off(name, show)) };
}

/** Says hello a few times: by what arrives while a cell trains the kernel knows whether the controls are live. */
export function greet(model: Model): Cleanup {
  // The first message of the first widget may wait for its subshell; no answer comes, for the kernel never writes here.
  const timers = [0, 700, 1400, 2800, 5600].map((wait, n) => setTimeout(() => model.send({ do: 'hello', n }), wait));
  const stop = () => timers.forEach(clearTimeout);
  const unheard = gone(model, stop);
  return () => {
    stop();
    unheard();
  };
}

/** Lets the controls rest when their kernel has gone, which can't say so itself. */
export function restful(model: Model): Cleanup {
  return gone(model, () => model.set('ended', true));
}
