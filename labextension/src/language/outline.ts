/** What the statements of a cell declare, as far as each can be read by itself. */

import { KIND, locate, NAMES } from './cursor';
import { begun, nameOf, type Token } from './grammar';
import { isStatement, nearest } from './names';
import type { Piece } from './scan';
import { VOCABULARY } from './vocabulary';

/** Names, each with its kind or block as it is written, or ''. */
export class Outline {
  readonly tasks = new Map<string, string>();
  readonly blocks = new Map<string, string>();
  readonly features = new Map<string, string>();
  readonly ignored = new Set<string>();
  readonly kinds = new Map<string, string>();
  readonly metrics = new Map<string, string[]>();
  readonly keys = new Map<string, Set<string>>();
}

export function outline(pieces: Iterable<Piece>): Outline {
  const found = new Outline();
  for (const piece of pieces) add(piece, found);
  return found;
}

function add(piece: Piece, found: Outline): void {
  const read = begun(piece.masked);
  if (piece.broken || read.stopped !== undefined || !read.accepted.has('$END') || !read.tokens.length) {
    salvage(piece, found);
    return;
  }
  const tokens = read.tokens;
  const cursor = locate(tokens);
  const names = cursor.names[NAMES] ?? [];
  const kind = cursor.names[KIND]?.at(-1) ?? '';
  if (cursor.keyword === 'task') {
    for (const name of names) {
      found.tasks.set(name, kind && told(piece, tokens, 'COLON'));
      found.kinds.set(name, kind);
      found.metrics.set(name, metrics(tokens));
    }
  } else if (cursor.keyword === 'share') {
    if (names.length) found.blocks.set(names[0]!, told(piece, tokens, 'EQUAL'));
  } else if (cursor.keyword === 'feature') {
    for (const name of exact(tokens)) found.features.set(name, kind && told(piece, tokens, 'COLON'));
  } else if (cursor.keyword === 'ignore') {
    for (const name of exact(tokens)) found.ignored.add(name);
  } else {
    const keys = found.keys.get(cursor.keyword) ?? new Set();
    cursor.keys.forEach(key => keys.add(key));
    found.keys.set(cursor.keyword, keys);
  }
}

/** The declared names that are no patterns. */
function exact(tokens: readonly Token[]): string[] {
  const until = tokens.findIndex(t => t.type === 'COLON' || t.type === 'ALLOW');
  return tokens
    .slice(1, until < 0 ? undefined : until)
    .filter(t => t.type === 'NAME' || t.type === 'QUOTED')
    .map(nameOf);
}

/** The kind as it is written: the text behind the first ':' or '=', up to a clause. */
function told(piece: Piece, tokens: readonly Token[], after: string): string {
  const first = tokens.findIndex(t => t.type === after);
  const clause = tokens.findIndex((t, i) => i > first && ['FROM', 'GIVEN', 'WEIGHT', 'ALLOW'].includes(t.type));
  if (first < 0) return '';
  const text = piece.text.slice(tokens[first]!.start + 1, clause < 0 ? undefined : tokens[clause]!.start);
  return text.trim().replace(/\s+/g, ' ');
}

/** The metrics that a task names. */
function metrics(tokens: readonly Token[]): string[] {
  const at = tokens.findIndex((t, i) => t.text === 'metrics' && tokens[i + 1]?.type === 'EQUAL');
  if (at < 0) return [];
  const found: string[] = [];
  let depth = 0;
  for (const token of tokens.slice(at + 2)) {
    if (token.type === 'LSQB' || token.type === 'LPAR') depth++;
    else if (token.type === 'RSQB' || token.type === 'RPAR') {
      if (--depth <= 0) break;
    } else if (token.type === 'COMMA' && !depth) break;
    else if (token.type === 'NAME' && depth <= 1) found.push(token.text);
  }
  return found;
}

/** What can be told of a statement that cannot be read. */
export function salvage(piece: Piece, found: Outline): string {
  const word = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]+/u.exec(piece.masked)?.[0] ?? '';
  const keyword = isStatement(word) ? word : (nearest(word, VOCABULARY.statement_words) ?? '');
  const head = piece.text.slice(word.length);
  if (keyword === 'share') {
    const named = /^\s*(?:([\p{Alphabetic}\p{Nd}_]+)|"([^"\n]+)"|'([^'\n]+)')\s*=/u.exec(head);
    const name = named?.[1] ?? named?.[2] ?? named?.[3];
    if (name && !found.blocks.has(name)) found.blocks.set(name, '');
  } else if (keyword === 'task' || keyword === 'feature') {
    const where = keyword === 'task' ? found.tasks : found.features;
    const names = head
      .split(/[:：\n]/u)[0]!
      .matchAll(/"([^"\n]+)"|'([^'\n]+)'|((?!\d)[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]+)/gu);
    for (const [, double, single, plain] of names) where.set((double ?? single ?? plain)!, '');
  }
  return keyword;
}
