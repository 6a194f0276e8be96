/** One run of the list: a line that opens, and what is inside. */

import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { h, say } from '../../../shared/dom';
import { short } from '../../../shared/format';
import { compare, table, type Side } from './compare';
import type { Entry, Facts } from './entry';

/** What can be done with a run. */
export interface Does {
  side(run: Entry): Promise<Side>;
  others(run: Entry): Entry[];
  insert(facts: Facts, cell: string): void;
  copy(facts: Facts, cell: string): void;
  load(facts: Facts, run: Entry): void;
  weigh(facts: Facts, cell: string): void;
}

const HEADS = 8; // whose metric a line has room for

export class Row {
  readonly el: HTMLLIElement;
  readonly button: HTMLButtonElement;
  private readonly name = h('span', { class: 'mtl-run-name' });
  private readonly state = h('span', { class: 'mtl-run-state' });
  private readonly when = h('span', { class: 'mtl-dim' });
  private readonly heads = h('span', { class: 'mtl-run-heads' });
  private readonly said = h('div');
  private readonly acts = h('div', { class: 'mtl-acts', role: 'group' });
  private readonly beside = h('div');
  private readonly inside = h('div', { class: 'mtl-run-inside' }, this.said, this.acts, this.beside);
  private turn = 0;
  private side: Side | undefined; // as it is shown
  private compared = () => {}; // shows the comparison anew

  constructor(
    private run: Entry,
    private readonly does: Does,
    private readonly trans: TranslationBundle
  ) {
    this.button = h(
      'button',
      { type: 'button', class: 'mtl-run', 'aria-expanded': 'false', click: () => this.toggle() },
      this.name,
      this.state,
      this.when,
      this.heads
    );
    this.inside.hidden = true;
    this.el = h('li', {}, this.button, this.inside);
    this.inside.addEventListener('keydown', event => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      this.toggle(false);
      this.button.focus();
    });
    this.update(run);
  }

  get id(): string {
    return this.run.id;
  }

  get opened(): boolean {
    return !this.inside.hidden;
  }

  /** What the index says now. */
  update(run: Entry): void {
    const before = this.run;
    this.run = run;
    say(this.name, run.id);
    this.button.dataset['state'] = run.status;
    say(this.state, this.word(run.status));
    say(this.when, run.started ? Time.formatHuman(run.started, 'narrow') : '');
    this.when.title = run.started ? Time.format(run.started) : '';
    const heads = run.tasks.slice(0, HEADS).flatMap(task => {
      const [first] = run.metrics.get(task)?.values() ?? [];
      return first === undefined ? [] : [`${task} ${short(first)}`];
    });
    say(this.heads, heads.join(' · '));
    if (this.opened && (run.status === 'running' || sign(before) !== sign(run))) void this.open();
  }

  private word(status: string): string {
    const { trans } = this;
    const words: Record<string, string> = {
      finished: '',
      running: trans.__('training'),
      silent: trans.__('no sign of life'),
      stopped: trans.__('stopped'),
      interrupted: trans.__('interrupted'),
      died: trans.__('died'),
      failed: trans.__('failed'),
      damaged: trans.__('damaged')
    };
    return Object.hasOwn(words, status) ? words[status]! : status;
  }

  private toggle(open = this.inside.hidden): void {
    this.inside.hidden = !open;
    this.button.setAttribute('aria-expanded', String(open));
    if (!open) return;
    this.side = undefined;
    void this.open();
  }

  /** Reads the folder. Where it was open, a button that has the focus and a comparison stay. */
  private async open(): Promise<void> {
    const mine = ++this.turn;
    const side = await this.does.side(this.run);
    if (mine !== this.turn) return;
    const before = this.side;
    this.side = side;
    this.said.replaceChildren(...this.about(side));
    if (!before || can(before) !== can(side)) this.acts.replaceChildren(...this.actions(side));
    if (before) this.compared();
    else this.beside.replaceChildren(...this.comparison());
  }

  private about(side: Side): HTMLElement[] {
    const { run, facts } = side;
    const { trans } = this;
    const said = [
      run.epoch ? trans._n('one epoch', '%1 epochs', run.epoch) : '',
      run.seconds === undefined ? '' : trans.__('%1 s', short(run.seconds)),
      run.name === run.id ? '' : run.name,
      ...run.tags.map(tag => `#${tag}`)
    ];
    const metrics = [...table(side)].map(([name, value]) =>
      h('div', {}, h('dt', {}, name), h('dd', {}, short(value, 4)))
    );
    return [
      h('p', { class: 'mtl-dim' }, said.filter(Boolean).join(' · ')),
      ...(facts ? [] : [h('p', {}, trans.__('run.json cannot be read.'))]),
      ...(facts?.problem ? [h('p', { class: 'mtl-bad' }, facts.problem)] : []),
      h('dl', {}, ...metrics)
    ];
  }

  private actions(side: Side): HTMLElement[] {
    const { trans, does } = this;
    const button = (text: string, title: string, act: (facts: Facts, side: Side) => void) =>
      h('button', { type: 'button', title, click: () => act(this.side!.facts!, this.side!) }, text);
    this.acts.setAttribute('aria-label', side.run.id);
    if (!side.facts) return [];
    return [
      button(
        trans.__('Copy as cell'),
        trans.__('Insert the cell of this run below the active one'),
        (facts, { cell }) => does.insert(facts, cell)
      ),
      button(trans.__('Copy text'), trans.__('Put the cell of this run onto the clipboard'), (facts, { cell }) =>
        does.copy(facts, cell)
      ),
      button(
        trans.__('Restore weights'),
        trans.__('Insert a cell that loads this run with its trained weights'),
        (facts, { run }) => does.load(facts, run)
      ),
      ...(side.facts.weights.size
        ? [
            button(
              trans.__('Use task weights'),
              trans.__(
                'Give the training that runs the task weights of this run; else insert its cell with them, static'
              ),
              (facts, { cell }) => does.weigh(facts, cell)
            )
          ]
        : [])
    ];
  }

  private comparison(): HTMLElement[] {
    const { trans } = this;
    const others = this.does.others(this.run);
    const place = h('div', { 'aria-live': 'polite' });
    const select = h(
      'select',
      {},
      h('option', { value: '' }, trans.__('no other')),
      ...others.map(run => h('option', { value: run.id }, run.id))
    );
    this.compared = () => {
      const other = others.find(run => run.id === select.value);
      if (!other) place.replaceChildren();
      else {
        void this.does.side(other).then(theirs => {
          if (select.value === other.id) place.replaceChildren(compare(this.side!, theirs, trans));
        });
      }
    };
    select.addEventListener('change', this.compared);
    return others.length ? [h('label', { class: 'mtl-with' }, trans.__('Compare with'), select), place] : [];
  }
}

/** Entries that say the same have the same. */
const sign = (run: Entry): string => JSON.stringify(run, (_, value) => (value instanceof Map ? [...value] : value));

/** What can be done with what was read. */
const can = ({ facts }: Side): string => `${!facts} ${!facts?.weights.size}`;
