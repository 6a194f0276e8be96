/** What a word of a cell means, for the hover and the completion's panel. */

import { bodyStart } from './cell';
import { Frame, KEY, locate, NAMES } from './cursor';
import { begun, nameOf } from './grammar';
import { outline } from './outline';
import { split } from './scan';
import { clauseOf, options, statementOf, VOCABULARY, type Entry, type Param, type Word } from './vocabulary';

/** A meaning: a heading, its form or signature, paragraphs, an example. All is text. */
export interface Meaning {
  title: string;
  form: string;
  paragraphs: string[];
  example: string;
  start: number;
  end: number;
}

type Said = Omit<Meaning, 'start' | 'end'>;

export const ofEntry = (entry: Entry, sort: string): Said => ({
  title: sort,
  form: entry.form,
  paragraphs: [entry.summary, entry.doc].filter(Boolean),
  example: entry.example
});

export const ofWord = (word: Word, title: string): Said => ({
  title,
  form: word.signature,
  paragraphs: [word.summary, ...word.doc.split('\n'), word.defaults, word.paper].filter(Boolean),
  example: word.example
});

const ofParam = (param: Param, of: string): Said => ({
  title: `option of ${of}`,
  form: `${param.name}=${param.default ?? '…'}`,
  paragraphs: [param.doc ?? param.accepts ?? ''],
  example: ''
});

const ofName = (title: string, name: string, told: string): Said => ({
  title,
  form: told ? `${name}: ${told}` : name,
  paragraphs: [],
  example: ''
});

/** What stands at an offset of a cell or `.mtl` file; undefined where nothing is known of it. */
export function meaningAt(text: string, offset: number): Meaning | undefined {
  const begin = bodyStart(text);
  if (offset < begin) return flag(text, offset, begin);
  const pieces = split(text.slice(begin));
  const piece = pieces.filter(p => begin + p.start <= offset).at(-1);
  if (!piece) return undefined;
  const { tokens } = begun(piece.masked);
  const at = offset - begin - piece.start;
  const index = tokens.findIndex(t => t.start <= at && at < t.start + t.text.length);
  const token = tokens[index];
  if (!token) return undefined;
  const start = begin + piece.start + token.start;
  const said = index ? inStatement() : statement(token.text);
  return said && { ...said, start, end: start + token.text.length };

  function inStatement(): Said | undefined {
    const clause = clauseOf(token!.type.toLowerCase());
    if (clause) return ofEntry(clause, 'clause');
    if (token!.type !== 'NAME' && token!.type !== 'QUOTED') return undefined;
    const cursor = locate(tokens.slice(0, index));
    const name = nameOf(token!);
    const frame = cursor.frames.at(-1);
    if (tokens[index + 1]?.type === 'EQUAL') {
      const found = named(frame, cursor.clause === KEY ? cursor.keyword : '', name);
      if (found) return found;
    }
    const types = cursor.types();
    const families = new Frame('', types).types.flatMap(t => familiesOf(t));
    for (const family of cursor.clause === NAMES && !frame ? [] : families) {
      const word = VOCABULARY.families[family]?.words.find(w => w.word === name);
      if (word) return ofWord(word, VOCABULARY.families[family]!.title);
    }
    const source = cursor.clause === 'from' ? VOCABULARY.sources.find(s => s.word === name) : undefined;
    if (source) return ofEntry(source, 'source');
    const warning = cursor.clause === 'allow' ? VOCABULARY.warnings[name] : undefined;
    if (warning) return { title: 'warning', form: name, paragraphs: [warning], example: '' };
    const known = outline(pieces);
    if (cursor.clause === 'from' && known.blocks.has(name)) return ofName('block', name, known.blocks.get(name)!);
    if (known.tasks.has(name)) return ofName('task', name, known.tasks.get(name)!);
    if (known.features.has(name)) return ofName('feature', name, known.features.get(name)!);
    const param = cursor.param();
    return param && ofParam(param, frame?.word || cursor.keyword);
  }
}

function statement(word: string): Said | undefined {
  const entry = statementOf(word);
  return entry && ofEntry(entry, 'statement');
}

function named(frame: Frame | undefined, keyword: string, name: string): Said | undefined {
  const [family, word] = frame ? [frame.family, frame.word] : keyword ? ['settings', keyword] : ['', ''];
  const param = family ? options(family, word).find(p => p.name === name) : undefined;
  return param && ofParam(param, word);
}

function familiesOf(type: { type: string; family?: string; types?: unknown[]; item?: unknown }): string[] {
  if (type.type === 'call_of') return type.family ? [type.family] : [];
  const inner = [...(type.types ?? []), ...(type.item ? [type.item] : [])] as (typeof type)[];
  return inner.flatMap(familiesOf);
}

/** A flag of the `%%mtl` line. */
function flag(text: string, offset: number, begin: number): Meaning | undefined {
  for (const match of text.slice(0, begin).matchAll(/(?<!\S)--[\w-]+/g)) {
    const end = match.index + match[0].length;
    const found = VOCABULARY.flags.find(f => f.flag === match[0]);
    if (found && match.index <= offset && offset < end) {
      return { title: 'flag', form: match[0], paragraphs: [found.doc], example: '', start: match.index, end };
    }
  }
  return undefined;
}

/** What a candidate of completion means, as text. */
export function documentation(kind: string, text: string, doc: string): string {
  const name = text.replace(/=$/, '');
  const said =
    kind === 'statement' && statementOf(name)
      ? ofEntry(statementOf(name)!, '')
      : kind === 'clause' && clauseOf(name)
        ? ofEntry(clauseOf(name)!, '')
        : wordOf(kind, name);
  if (!said) return doc ? `${kind}: ${doc}` : '';
  return [said.form, ...said.paragraphs, said.example].filter(Boolean).join('\n\n');
}

function wordOf(kind: string, name: string): Said | undefined {
  const family = Object.values(VOCABULARY.families).find(f => f.title === kind);
  const word = family?.words.find(w => w.word === name);
  return word && ofWord(word, kind);
}
