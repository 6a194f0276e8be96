/** The runs of this project, read of their folder: with a kernel or without. */

import { Clipboard, Notification } from '@jupyterlab/apputils';
import { NotebookActions } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';

import { h } from '../../../shared/dom';
import { Ids } from '../../commands/ids';
import type { Shared } from '../offline';
import { Section } from '../section';
import { cellOf, loading, weighted } from './cells';
import type { Entry, Facts } from './entry';
import { Folder, type Index } from './folder';
import { placeOf, type Place } from './place';
import { Row, type Does } from './row';

const MAGIC = '%mtl runs';
const FEW = 8; // runs that are shown at first
const MANY = 200; // others to compare with

interface Found extends Index {
  place: Place;
}

export class Runs extends Section<Found> implements Does {
  private readonly list = h('ol', { class: 'mtl-runs', keydown: (event: KeyboardEvent) => this.moved(event) });
  private readonly note = h('p', { class: 'mtl-dim' });
  private readonly more = h('button', { type: 'button', class: 'mtl-more', click: () => this.all() });
  private rows = new Map<string, Row>(); // of all runs that were shown once: an open line may be pushed down
  private shown: Row[] = [];
  private folder: Folder;
  private found: Found = { runs: [], place: { path: undefined, python: '' } };
  private limit = FEW;
  private where = '';

  constructor(private readonly shared: Shared) {
    super(shared.trans.__('Runs'));
    this.folder = new Folder(shared.contents, '');
    this.body.append(this.note, this.list, this.more);
    shared.contents.fileChanged.connect(this.changed, this);
    shared.tracker?.currentChanged.connect(this.again, this);
    shared.checks.changed.connect(this.again, this);
    shared.steering?.changed.connect(this.again, this);
    NotebookActions.executed.connect(this.again, this);
    window.addEventListener('focus', this.focused);
  }

  override dispose(): void {
    window.removeEventListener('focus', this.focused);
    super.dispose();
  }

  protected async find(): Promise<Found> {
    const { contents, tracker, checks, setting } = this.shared;
    const panel = tracker?.currentWidget ?? null;
    const said = panel ? await checks.runsOf(panel) : undefined;
    const place = placeOf(contents, panel?.context.path ?? '', said, setting());
    if (place.path === undefined) return { runs: [], place };
    if (place.path !== this.folder.path) this.folder = new Folder(contents, place.path);
    return { ...(await this.folder.index()), place };
  }

  protected draw(found: Found): boolean {
    const { trans } = this.shared;
    const where = found.place.path ?? found.place.python;
    if (this.where !== where) {
      this.where = where;
      this.rows.clear();
      this.limit = FEW;
    }
    this.found = found;
    const { runs, trouble, place } = found;
    const rows = runs.flatMap((run, i) => (i < this.limit || this.rows.has(run.id) ? [this.row(run)] : []));
    this.rows = new Map(rows.map(row => [row.id, row]));
    this.shown = rows.filter((row, i) => i < this.limit || row.opened);
    const items = this.shown.map(row => row.el);
    if (items.length !== this.list.children.length || items.some((el, i) => this.list.children[i] !== el)) {
      const focused = document.activeElement;
      this.list.replaceChildren(...items);
      if (focused instanceof HTMLElement && this.list.contains(focused)) focused.focus();
    }
    this.more.hidden = items.length === runs.length;
    this.more.textContent = trans.__('Show all %1', runs.length);
    const outside = place.path === undefined;
    this.note.textContent = outside
      ? trans.__('This kernel keeps its runs in %1, which JupyterLab does not show.', place.python)
      : trouble === 'large'
        ? trans.__('The list of runs is too long to be shown here: %1 shows it.', MAGIC)
        : trouble === 'broken'
          ? trans.__('The list of runs cannot be read: %1 makes it anew.', MAGIC)
          : '';
    this.note.hidden = !this.note.textContent;
    return outside || Boolean(trouble) || runs.length > 0;
  }

  // -- what a row does

  async side(run: Entry) {
    const [facts, cell] = await Promise.all([this.folder.facts(run), this.folder.cell(run)]);
    return { run, facts, cell };
  }

  others(run: Entry): Entry[] {
    return this.found.runs.filter(other => other.id !== run.id).slice(0, MANY);
  }

  insert(facts: Facts, cell: string): void {
    this.put(cellOf(facts, cell));
  }

  copy(facts: Facts, cell: string): void {
    Clipboard.copyToSystem(cellOf(facts, cell));
    Notification.success(this.shared.trans.__('The cell is on the clipboard.'), { autoClose: 2000 });
  }

  load(facts: Facts, run: Entry): void {
    this.put(loading(facts, `${this.found.place.python}/${run.id}`));
  }

  weigh(facts: Facts, cell: string): void {
    const taken = this.shared.steering?.current?.weigh?.(facts.weights);
    if (!taken) this.put(cellOf(facts, weighted(cell, facts.weights)));
  }

  private put(text: string): void {
    const { commands, tracker, trans } = this.shared;
    if (tracker?.currentWidget) void commands.execute(Ids.insert, { text });
    else Notification.warning(trans.__('There is no notebook to insert a cell into.'), { autoClose: 4000 });
  }

  // -- when it looks

  private readonly focused = () => this.again();

  private again(): void {
    this.invalidate();
  }

  private changed(_: unknown, { oldValue, newValue }: Contents.IChangedArgs): void {
    const paths = [oldValue?.path, newValue?.path];
    if (paths.some(path => path?.startsWith(this.folder.path))) this.invalidate(200);
  }

  // -- the list

  private row(run: Entry): Row {
    const row = this.rows.get(run.id) ?? new Row(run, this, this.shared.trans);
    row.update(run);
    return row;
  }

  private all(): void {
    const first = this.limit;
    this.limit = Infinity;
    this.draw(this.found);
    this.buttons()[first]?.focus();
  }

  private buttons(): HTMLButtonElement[] {
    return this.shown.map(row => row.button);
  }

  private moved(event: KeyboardEvent): void {
    const buttons = this.buttons();
    const at = buttons.indexOf(event.target as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    buttons[to]?.focus();
  }
}
