/** What may be written at a place of a statement, before what has been typed there is looked at. */

import { KEY, KIND, NAMES, type Cursor } from './cursor';
import { written } from './names';
import type { Outline } from './outline';
import { find, flat, options, unfolded, VOCABULARY, words, type Param, type ParamType } from './vocabulary';

/** A word or name that fits. `isName`: of the person's own, so quoted where it must be; `assigned`: a '=' follows. */
export interface Offer {
  text: string;
  kind: string;
  doc: string;
  isName?: boolean;
  assigned?: boolean;
}

/** The place, and everything that is known there; `accepted` are terminals, `outline` is of the other statements. */
export class Offers {
  constructor(
    private readonly cursor: Cursor,
    private readonly accepted: ReadonlySet<string>,
    private readonly outline: Outline
  ) {}

  *all(): Generator<Offer> {
    if (this.accepted.has('NAME')) yield* this.words();
    for (const clause of VOCABULARY.clauses) {
      if (this.accepted.has(clause.word.toUpperCase()) && !(clause.once && this.cursor.said.has(clause.word))) {
        yield { text: clause.word, kind: 'clause', doc: clause.summary };
      }
    }
  }

  private *words(): Generator<Offer> {
    const { cursor } = this;
    if (cursor.last === 'DOT') yield* this.metricsOf(cursor.owner[0] ?? '');
    else if (cursor.last === 'VBAR') return;
    else if (cursor.frames.length) yield* this.inside();
    else if (cursor.clause === KEY) yield* this.keys();
    else if (cursor.clause === NAMES)
      return; // columns are the kernel's to tell
    else if (cursor.clause === 'from') yield* this.sources();
    else if (cursor.clause === 'given') yield* this.tasks([...this.said(NAMES), ...this.said('given')]);
    else if (cursor.clause === 'allow') {
      for (const [code, title] of Object.entries(VOCABULARY.warnings)) {
        if (!this.said('allow').includes(code)) yield { text: code, kind: 'warning', doc: title };
      }
    } else yield* this.values(cursor.types(), cursor.param());
  }

  private said(clause: string): string[] {
    return this.cursor.names[clause] ?? [];
  }

  // --- options

  private *keys(): Generator<Offer> {
    const given = [...this.cursor.keys, ...(this.outline.keys.get(this.cursor.keyword) ?? [])];
    yield* this.options(options('settings', this.cursor.keyword), given);
  }

  private *options(params: readonly Param[], given: readonly string[]): Generator<Offer> {
    for (const param of params) {
      if (given.includes(param.name)) continue;
      yield { text: param.name, kind: 'option', doc: param.doc ?? param.accepts ?? '', assigned: true };
    }
  }

  /** In brackets: names of options, then values. */
  private *inside(): Generator<Offer> {
    const frame = this.cursor.frames.at(-1)!;
    if (!frame.key && frame.family) {
      const params = frame.params();
      yield* this.options(params, [...frame.named, ...params.slice(0, frame.placed).map(p => p.name)]);
    }
    if (!frame.word && !frame.key) {
      for (const type of unfolded(frame.types)) {
        if (type.type !== 'per_name') continue;
        for (const offer of this.named(type.of ?? '')) yield { ...offer, assigned: true };
      }
    }
    for (const offer of this.values(frame.inner(), frame.key ? frame.param() : undefined)) {
      if (frame.key || offer.text !== 'none') yield offer;
    }
  }

  // --- values

  private *values(types: readonly ParamType[], param: Param | undefined): Generator<Offer> {
    const kinds = types.flatMap(flat);
    const doc = param ? (param.doc ?? param.accepts ?? '') : '';
    const standard = param && !param.required ? (param.default ?? '') : '';
    const declared = kinds.some(k => k.type === 'call_of' && find(k.family ?? '', standard));
    if (standard && standard !== 'none' && !declared) yield { text: standard, kind: 'default', doc };
    for (const kind of kinds) yield* this.fitting(kind, doc);
    for (const [word, doc] of kinds.length ? Object.entries(VOCABULARY.searches) : []) {
      if (word === 'choose' || kinds.some(k => k.type === 'int' || k.type === 'float')) {
        yield { text: word, kind: 'search space', doc };
      }
    }
  }

  private *fitting(kind: ParamType, doc: string): Generator<Offer> {
    const value = (text: string): Offer => ({ text, kind: 'value', doc });
    if (kind.type === 'choice') yield* (kind.words ?? []).map(value);
    else if (kind.type === 'bool') yield* ['true', 'false'].map(value);
    else if (kind.type === 'nothing') yield value('none');
    else if (kind.type === 'call_of') yield* this.family(kind.family ?? '');
    else if (kind.type === 'name') yield* this.named(kind.of ?? '');
  }

  private *family(family: string): Generator<Offer> {
    for (const word of VOCABULARY.families[family]?.words ?? []) {
      if (this.serves(family, word.word, word.tasks)) {
        yield { text: word.word, kind: VOCABULARY.families[family]!.title, doc: word.summary };
      }
    }
  }

  /** Whether a loss or metric serves the task kind, a dependency the two tasks, as far as they are known. */
  private serves(family: string, word: string, tasks: readonly string[]): boolean {
    if (family === 'loss' || family === 'metric') {
      const kind = this.cursor.kind();
      return !kind || !tasks.length || tasks.includes(kind);
    }
    const pairs = family === 'given' ? VOCABULARY.serves[word] : null;
    const child = this.said(KIND).at(-1) ?? '';
    if (!pairs || !find('task', child)) return true;
    const parents = this.said('given').map(name => this.outline.kinds.get(name) ?? '');
    return parents.every(p => !find('task', p) || pairs.some(([c, q]) => c === child && q === p));
  }

  /** The metrics that a task reports: those it names, else its kind's own. */
  private *metricsOf(task: string): Generator<Offer> {
    const own = this.outline.metrics.get(task) ?? [];
    const standard = VOCABULARY.metrics[this.outline.kinds.get(task) ?? ''] ?? [];
    for (const word of own.length ? own : standard.length ? standard : words('metric')) {
      const found = find('metric', word);
      if (found) yield { text: word, kind: 'metric', doc: found.summary };
    }
  }

  // --- names

  private *named(of: string): Generator<Offer> {
    if (of === 'feature') yield* this.features();
    else if (of === 'metric') {
      for (const task of this.outline.kinds.keys()) {
        for (const offer of this.metricsOf(task)) yield { ...offer, text: `${written(task)}.${offer.text}` };
      }
    } else if (of === 'task' || of === 'taker') {
      yield* this.tasks([]);
      if (of === 'taker') yield* this.blocks([]);
    }
  }

  private *sources(): Generator<Offer> {
    const said = this.said('from');
    const { keyword } = this.cursor;
    yield* this.blocks([...said, ...(keyword === 'share' ? this.said(NAMES) : [])]);
    for (const source of VOCABULARY.sources) {
      const fits = source.word === 'inputs' || (keyword === 'task' && !said.length);
      if (fits && !said.includes(source.word)) yield { text: source.word, kind: 'source', doc: source.summary };
    }
    for (const offer of this.features()) if (!said.includes(offer.text)) yield offer;
  }

  private *features(): Generator<Offer> {
    for (const [text, doc] of this.outline.features) yield { text, kind: 'feature', doc, isName: true };
  }

  private *blocks(besides: readonly string[]): Generator<Offer> {
    for (const [text, doc] of this.outline.blocks) {
      if (!besides.includes(text)) yield { text, kind: 'block', doc, isName: true };
    }
  }

  private *tasks(besides: readonly string[]): Generator<Offer> {
    for (const [text, doc] of this.outline.tasks) {
      if (!besides.includes(text)) yield { text, kind: 'task', doc, isName: true };
    }
  }
}
