/** A task's weight: a native slider, a number, a lock, a reset. */

import { h, s, say } from './dom';
import { plain } from './format';
import type { Cleanup, Model } from './model';
import { trans } from './words';

const MOST = 4; // of a slider that nobody has pushed further
const PACE = 100; // milliseconds between two messages while one is dragged

/** The number that a text says, or null where it is none that a weight can be. */
export function weightOf(text: string): number | null {
  const value = Number(text.trim().replace(',', '.'));
  return text.trim() !== '' && Number.isFinite(value) && value >= 0 ? value : null;
}

/** Calls at once, then at most once in so many milliseconds, with the last value. */
export function paced<T>(call: (value: T) => void, pace = PACE): (value: T) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let next: { value: T } | undefined;
  return value => {
    if (timer !== undefined) {
      next = { value };
      return;
    }
    call(value);
    const wait = () => {
      timer = setTimeout(() => {
        timer = undefined;
        if (!next) return;
        const { value: last } = next;
        next = undefined;
        call(last);
        wait();
      }, pace);
    };
    wait();
  };
}

function padlock(): SVGElement {
  return s(
    'svg',
    { viewBox: '0 0 12 12', 'aria-hidden': 'true' },
    s('rect', { x: 2.5, y: 5.5, width: 7, height: 5, rx: 1 }),
    s('path', { class: 'mtl-shackle', d: 'M4 5.5V3.8a2 2 0 0 1 4 0V5.5' })
  );
}

function arrow(): SVGElement {
  return s(
    'svg',
    { viewBox: '0 0 12 12', 'aria-hidden': 'true' },
    s('path', { d: 'M3 2.2v2.6h2.6M3.2 4.6a3.4 3.4 0 1 1-.5 2.6' })
  );
}

/** The cell with all of it; it reads and writes the traits `weights` and `locked` of the controls' model. */
export function weightCell(model: Model, task: string): { el: HTMLElement; cleanup: Cleanup } {
  const label = trans.__('weight of %1', task);
  const fallback = (): number => model.get('defaults')?.weights?.[task] ?? 1;
  const current = (): number => model.get('weights')?.[task] ?? fallback();
  const range = h('input', { type: 'range', class: 'mtl-range', min: 0, max: MOST, step: 0.05, 'aria-label': label });
  const box = h('input', {
    type: 'text',
    class: 'mtl-box',
    inputmode: 'decimal',
    'aria-label': trans.__('weight of %1, as a number', task),
    spellcheck: false
  });
  const whose = h('span', { class: 'mtl-whose', title: trans.__('yours, or as the cell and its method say') });
  const lock = h(
    'button',
    { type: 'button', class: 'mtl-icon mtl-lock', 'aria-label': trans.__('lock the weight of %1', task) },
    padlock()
  );
  const reset = h(
    'button',
    { type: 'button', class: 'mtl-icon mtl-reset', 'aria-label': trans.__('reset the weight of %1', task) },
    arrow()
  );

  const write = (weight: number) => {
    model.set('weights', { ...model.get('weights'), [task]: weight });
    model.save_changes();
  };
  const dragged = paced(write);

  const show = () => {
    const weight = current();
    const locked: boolean = (model.get('locked') ?? []).includes(task);
    const ended = Boolean(model.get('ended'));
    range.max = String(Math.max(MOST, weight, 2 * fallback()));
    range.value = String(weight);
    range.style.setProperty('--part', `${(100 * weight) / Number(range.max)}%`);
    if (document.activeElement !== box) box.value = plain(weight);
    const yours = weight !== fallback();
    say(whose, yours ? trans.__('yours') : trans.__('auto'));
    whose.classList.toggle('mtl-dim', !yours);
    range.disabled = box.disabled = locked || ended;
    reset.disabled = locked || ended || weight === fallback();
    lock.disabled = ended;
    lock.setAttribute('aria-pressed', String(locked));
    lock.title = locked ? trans.__('locked: it does not move') : trans.__('lock');
    reset.title = trans.__('back to %1', plain(fallback()));
  };
  const typed = () => {
    const weight = weightOf(box.value);
    box.setAttribute('aria-invalid', String(weight === null));
    box.title = weight === null ? trans.__('a number of at least 0') : '';
    if (weight !== null && weight !== current()) write(weight);
    return weight !== null;
  };

  range.addEventListener('input', () => {
    range.style.setProperty('--part', `${(100 * Number(range.value)) / Number(range.max)}%`);
    box.value = plain(Number(range.value));
    dragged(Number(range.value));
  });
  box.addEventListener('keydown', event => {
    // A notebook in command mode takes letters for commands.
    event.stopPropagation();
    if (event.key === 'Enter') typed();
    if (event.key === 'Escape') {
      box.value = plain(current());
      typed();
    }
  });
  box.addEventListener('blur', () => {
    if (!typed()) {
      box.setAttribute('aria-invalid', 'false');
      box.value = plain(current());
    }
  });
  range.addEventListener('keydown', event => event.stopPropagation());
  lock.addEventListener('click', () => {
    const locked: string[] = model.get('locked') ?? [];
    model.set('locked', locked.includes(task) ? locked.filter(t => t !== task) : [...locked, task]);
    model.save_changes();
    show();
  });
  reset.addEventListener('click', () => {
    write(fallback());
    show();
  });
  const heard = ['change:weights', 'change:locked', 'change:ended'];
  heard.forEach(name => model.on(name, show));
  show();
  const el = h('div', { class: 'mtl-w' }, range, box, lock, whose, reset);
  return { el, cleanup: () => heard.forEach(name => model.off(name, show)) };
}
