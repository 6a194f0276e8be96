/** The words of the language, as `python -m mtl_magic.reference` writes them from the package's registry. */

import data from '../generated/vocabulary.json';
import { unpacked } from './unpack';

/** A type of values; `type` says which, the rest are its bounds. */
export interface ParamType {
  type: string;
  of?: string;
  family?: string;
  words?: string[];
  types?: ParamType[];
  item?: ParamType;
}

export interface Param {
  name: string;
  type: ParamType;
  accepts?: string;
  required?: boolean;
  default?: string;
  doc?: string;
}

/** A statement, clause, source or form of value. */
export interface Entry {
  word: string;
  form: string;
  summary: string;
  doc: string;
  example: string;
  once?: boolean;
  keys?: number[];
}

/** A word of a family. `options` are the numbers of what it takes. */
export interface Word {
  word: string;
  signature: string;
  summary: string;
  doc: string;
  defaults: string;
  tasks: string[];
  options: number[];
  paper: string;
  example: string;
}

export interface Family {
  title: string;
  plural: string;
  words: Word[];
}

/** Lark's automaton: `mtl_magic/reference/editor.py` says what the numbers are. */
export interface Automaton {
  terminals: [string, string][];
  start: number;
  end: number;
  symbols: string[];
  rules: [number, number][];
  states: number[][];
}

interface Vocabulary {
  statements: Entry[];
  clauses: Entry[];
  sources: Entry[];
  constants: string[];
  families: Record<string, Family>;
  options: Param[];
  flags: { flag: string; takes: boolean; doc: string }[];
  warnings: Record<string, string>;
  statement_words: string[];
  searches: Record<string, string>; // forms of search spaces; none where this version does not search
  metrics: Record<string, string[]>;
  serves: Record<string, [string, string][] | null>;
  grammar: Automaton;
}

export const VOCABULARY = JSON.parse(unpacked(data)) as Vocabulary;

/** The settings' lines: their keys are options. */
export const SETTINGS = ['split', 'train', 'tune'];

const clauses = new Map(VOCABULARY.clauses.map(e => [e.word, e]));
const statements = new Map(VOCABULARY.statements.map(e => [e.word, e]));

export const clauseOf = (word: string): Entry | undefined => clauses.get(word);
export const statementOf = (word: string): Entry | undefined => statements.get(word);

/** A word of a family. */
export function find(family: string, word: string): Word | undefined {
  return VOCABULARY.families[family]?.words.find(w => w.word === word);
}

export function words(family: string): string[] {
  return VOCABULARY.families[family]?.words.map(w => w.word) ?? [];
}

/** The options of a word, or the keys of a settings statement. */
export function options(family: string, word: string): Param[] {
  const numbers = family === 'settings' ? statementOf(word)?.keys : find(family, word)?.options;
  return (numbers ?? []).map(number => VOCABULARY.options[number]!);
}

/** The alternatives of some types. */
export function unfolded(types: readonly ParamType[]): ParamType[] {
  return types.flatMap(t => (t.type === 'one_of' ? unfolded(t.types ?? []) : [t]));
}

/** The same, with those of an item for a list: one item stands for a list of one. */
export function flat(type: ParamType): ParamType[] {
  if (type.type === 'one_of') return (type.types ?? []).flatMap(flat);
  return type.type === 'list_of' && type.item ? flat(type.item) : [type];
}
