/** The problems of the notebook's cells: where they are, and the way out where one is known. */

import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';

import { h } from '../../shared/dom';
import { goTo } from '../commands/cells';
import { isCell } from '../language/cell';
import { remedy, type Problem } from '../language/check';
import { Front } from './front';
import type { Shared } from './offline';

const DELAY = 400; // ms after a change
const MOST = 50;

interface Found {
  panel: NotebookPanel;
  cell: Cell;
  index: number; // of the cell, from 1
  text: string;
  problem: Problem;
}

export class Problems extends Front<Found[]> {
  private readonly list = h('ul', { class: 'mtl-problems' });
  private known: { cells: Cell[]; texts: string; found: Found[] } | undefined;

  constructor(private readonly shared: Shared) {
    super(shared.trans.__('In this notebook'), shared.tracker, DELAY);
    this.body.append(this.list);
    shared.checks.changed.connect(this.refresh, this);
  }

  protected async find(): Promise<Found[]> {
    const { panel } = this;
    if (!panel || panel.isDisposed) return [];
    const cells = panel.content.widgets
      .map((cell, i) => ({ cell, index: i + 1, text: cell.model.sharedModel.getSource() }))
      .filter(({ cell, text }) => cell.model.type === 'code' && isCell(text));
    const texts = JSON.stringify(cells.map(({ index, text }) => [index, text]));
    const { known } = this;
    const same = known?.texts === texts && known.cells.every((cell, i) => cell === cells[i]!.cell);
    if (same) return known.found; // an output has changed
    const asked = cells.map(async place => {
      const found = await this.shared.checks.problems(place.text, place.cell.model);
      return found.map(problem => ({ panel, ...place, problem }));
    });
    const found = (await Promise.all(asked)).flat();
    this.known = { cells: cells.map(({ cell }) => cell), texts, found };
    return found;
  }

  protected draw(found: Found[]): boolean {
    const { trans } = this.shared;
    const more = found.length - MOST;
    this.list.replaceChildren(
      ...found.slice(0, MOST).map(one => this.item(one)),
      ...(more > 0 ? [h('li', { class: 'mtl-dim' }, trans._n('and one more', 'and %1 more', more))] : [])
    );
    return found.length > 0;
  }

  private item(found: Found): HTMLElement {
    const { trans } = this.shared;
    const { problem, text, index, panel, cell } = found;
    const line = text.slice(0, problem.start).split('\n').length;
    const out = remedy(problem, text);
    return h(
      'li',
      {},
      h(
        'button',
        {
          type: 'button',
          class: `mtl-problem mtl-${problem.severity === 'warning' ? 'warning' : 'error'}`,
          click: () => void goTo(panel, cell, problem.start)
        },
        h('b', {}, problem.code),
        ` ${trans.__('cell %1, line %2:', index, line)} ${problem.message}`
      ),
      out
        ? h('button', { type: 'button', click: () => this.mend(found, out) }, trans.__("Replace with '%1'", out.word))
        : problem.hint
          ? h('p', { class: 'mtl-dim' }, problem.hint)
          : null
    );
  }

  private mend({ cell, text, problem }: Found, out: { text: string }): void {
    const { sharedModel } = cell.model;
    if (cell.isDisposed || sharedModel.getSource() !== text) return; // it is another by now
    sharedModel.updateSource(problem.start, problem.end, out.text);
  }

  private refresh(): void {
    this.known = undefined;
    this.invalidate();
  }
}
