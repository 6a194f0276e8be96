/** The trial that is looked at: its objectives, what it failed with, its cell. */

import { h, say } from '../../shared/dom';
import { short } from '../../shared/format';
import type { Drawing, State } from './state';

export function chosen(choose: (trial: number) => void): Drawing {
  const select = h('select', { 'aria-label': 'trial', change: () => choose(Number(select.value)) });
  const about = h('span', { class: 'mtl-num' });
  const text = h('pre', { class: 'mtl-cell', tabindex: 0, 'aria-label': 'cell of the trial' });
  const copy = h('button', { type: 'button', title: 'copy the cell of this trial', click: put }, 'Copy cell');
  async function put(): Promise<void> {
    await navigator.clipboard?.writeText(text.textContent ?? '');
    say(copy, 'Copied');
    setTimeout(() => say(copy, 'Copy cell'), 1500);
  }
  const el = h(
    'div',
    { class: 'mtl-chosen' },
    h('div', { class: 'mtl-title' }, select, about, h('span', { class: 'mtl-grow' }), copy),
    text
  );
  let known = '';
  return {
    el,
    update(state, shown) {
      const trial = state.trials.find(t => t.number === shown) ?? state.trials[0];
      el.hidden = !trial;
      if (!trial) return;
      const list = state.trials.map(t => `${t.number} ${title(state, t.number, t.status)}`).join('|');
      if (list !== known) {
        known = list;
        select.replaceChildren(
          ...state.trials.map(t => h('option', { value: t.number }, title(state, t.number, t.status)))
        );
      }
      select.value = String(trial.number);
      const values = trial.values.map((v, k) => `${state.objectives[k]!.name} ${short(v, 4)}`).join(', ');
      say(about, trial.error || values || trial.status);
      about.classList.toggle('mtl-error', Boolean(trial.error));
      say(text, trial.cell);
    }
  };
}

function title(state: State, number: number, status: string): string {
  const marks = [
    number === state.best ? 'best' : '',
    number === 0 ? 'default' : '',
    status === 'failed' ? 'failed' : ''
  ];
  return [`trial ${number}`, ...marks.filter(Boolean)].join(', ');
}
