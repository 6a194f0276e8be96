/** Where a cursor stands in a statement: the clause, the word whose options are written, the types that fit there. */

import { nameOf, type Token } from './grammar';
import { clauseOf, find, flat, options, SETTINGS, unfolded, type Param, type ParamType } from './vocabulary';

export const NAMES = 'names';
export const KIND = 'kind';
export const KEY = 'key';
export const VALUE = 'value';

const FAMILY: Record<string, string> = { feature: 'feature', task: 'task', share: 'block', balance: 'balance' };
const WEIGHT: ParamType = { type: 'float' };

/** An open bracket: the options of a word, or the items of a list (whose word is ''). */
export class Frame {
  readonly named: string[] = [];
  placed = 0;
  key = '';
  readonly family: string;

  constructor(
    readonly word: string,
    readonly types: readonly ParamType[]
  ) {
    const families = types.flatMap(flat).flatMap(t => (t.type === 'call_of' && t.family ? [t.family] : []));
    this.family = word ? (families.find(f => find(f, word)) ?? '') : '';
  }

  params(): Param[] {
    return this.family ? options(this.family, this.word) : [];
  }

  /** The parameter whose value stands at the cursor. */
  param(): Param | undefined {
    const known = this.params();
    if (this.key) return known.find(p => p.name === this.key);
    return this.named.length ? undefined : known[this.placed];
  }

  /** The types that fit a value at the cursor. */
  inner(): ParamType[] {
    if (this.word === 'choose') return [...this.types];
    if (this.word) {
      const param = this.param();
      return param ? [param.type] : [];
    }
    const wanted = this.key ? 'per_name' : 'list_of';
    return unfolded(this.types).flatMap(t => (t.type === wanted && t.item ? [t.item] : []));
  }
}

/** The place. `clause` is NAMES (of what is declared), KIND, KEY or VALUE (of a settings line), or a clause's word. */
export class Cursor {
  last = '';
  readonly names: Record<string, string[]> = {};
  readonly said = new Set<string>();
  readonly keys: string[] = [];
  readonly frames: Frame[] = [];
  owner: string[] = [];

  constructor(
    readonly keyword: string,
    public clause: string
  ) {}

  types(): ParamType[] {
    const frame = this.frames.at(-1);
    if (frame) return frame.inner();
    if (this.clause === KIND) return [{ type: 'call_of', family: FAMILY[this.keyword]! }];
    if (this.clause === 'via') return [{ type: 'call_of', family: 'given' }];
    if (this.clause === 'weight') return [WEIGHT];
    const param = this.param();
    return param ? [param.type] : [];
  }

  param(): Param | undefined {
    if (this.frames.length) {
      for (const frame of [...this.frames].reverse()) {
        const param = frame.param();
        if (param) return param;
      }
      return undefined;
    }
    const key = this.clause === VALUE ? this.keys.at(-1) : undefined;
    return key === undefined ? undefined : options('settings', this.keyword).find(p => p.name === key);
  }

  /** The task kind whose options are being written, or ''. */
  kind(): string {
    return this.frames.find(f => f.family === 'task')?.word ?? '';
  }
}

/** The place behind the tokens of the beginning of a statement. */
export function locate(tokens: readonly Token[]): Cursor {
  const keyword = tokens[0]!.text;
  const first = SETTINGS.includes(keyword) ? KEY : keyword === 'share' || keyword === 'balance' ? KIND : NAMES;
  const cursor = new Cursor(keyword, first);
  let before = tokens[0]!;
  for (const token of tokens.slice(1)) {
    step(cursor, token, before);
    if (token.type === 'DOT' || token.type === 'VBAR') cursor.owner = [...cursor.owner, nameOf(before)];
    else if (before.type !== 'DOT' && before.type !== 'VBAR') cursor.owner = [];
    before = token;
  }
  cursor.last = before.type;
  const goesOn = ['EQUAL', 'COMMA', 'DOT', 'VBAR'].includes(cursor.last);
  if (cursor.clause === VALUE && !cursor.frames.length && !goesOn) cursor.clause = KEY;
  return cursor;
}

function step(cursor: Cursor, token: Token, before: Token): void {
  if (token.type === 'LPAR') cursor.frames.push(new Frame(before.text, cursor.types()));
  else if (token.type === 'LSQB') cursor.frames.push(new Frame('', cursor.types()));
  else if (token.type === 'RPAR' || token.type === 'RSQB') cursor.frames.pop();
  else if (cursor.frames.length) inside(cursor.frames.at(-1)!, token, before);
  else outside(cursor, token, before);
}

function inside(frame: Frame, token: Token, before: Token): void {
  if (token.type === 'EQUAL') frame.key = nameOf(before);
  else if (token.type === 'COMMA') {
    if (frame.key) frame.named.push(frame.key);
    else frame.placed++;
    frame.key = '';
  }
}

function outside(cursor: Cursor, token: Token, before: Token): void {
  const clause = token.type.toLowerCase();
  if (token.type === 'COLON') cursor.clause = KIND;
  else if (token.type === 'EQUAL') {
    if (cursor.keyword === 'share') cursor.names[NAMES] = [nameOf(before)];
    else {
      cursor.keys.push(nameOf(before));
      cursor.clause = VALUE;
    }
  } else if (clauseOf(clause)) {
    cursor.clause = clause;
    cursor.said.add(clause);
  } else if (['NAME', 'QUOTED', 'WILD'].includes(token.type)) {
    (cursor.names[cursor.clause] ??= []).push(nameOf(token));
  }
}
