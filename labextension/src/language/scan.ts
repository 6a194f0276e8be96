/** A cell's body, split into statements before any of them is parsed: what is open in one hides no other. */

import { endOfBraces, endOfQuote, lineEnd } from './regions';
import { VOCABULARY } from './vocabulary';

/** A statement; `masked` is its text with comments and Python blanked, `broken` that a quote or bracket never closes. */
export interface Piece {
  text: string;
  masked: string;
  start: number;
  broken: boolean;
}

const CLOSES: Record<string, string> = { '(': ')', '[': ']' };
const GAP = /(?:[\s\uFEFF]+|#[^\n]*)*/y;
const BEGIN = new RegExp(
  `^([^\\S\\n]*)(?:${VOCABULARY.statement_words.join('|')})[^\\S\\n]+` +
    '(?!(?:if|else|for|in|is|and|or|not|as)(?![\\p{Alphabetic}\\p{Nd}_]))[\\p{Alphabetic}\\p{M}\\p{Nd}_\'"*{]',
  'gmu'
);

/** The statements of a text whose lines end in newlines. */
export function split(text: string): Piece[] {
  const margin = /^([^\S\n]*)[^\s#]/m.exec(text)?.[1]?.length ?? 0;
  const starts = [...text.matchAll(BEGIN)].filter(m => m[1]!.length <= margin).map(m => m.index);
  const pieces: Piece[] = [];
  for (let at = 0; ;) {
    GAP.lastIndex = at;
    GAP.test(text);
    at = GAP.lastIndex;
    if (at >= text.length) return pieces;
    const [piece, end] = statement(text, at, starts);
    pieces.push(piece);
    at = end;
  }
}

function statement(text: string, start: number, starts: number[]): [Piece, number] {
  const blank: [number, number][] = [];
  const stack: string[] = [];
  const next = (from: number) => starts.find(s => s >= from) ?? text.length;
  let broken = false;
  let open = start;
  let at = start;
  let end = -1;
  while (at < text.length && end < 0) {
    const mark = text[at]!;
    if (mark === '\n') {
      if (!stack.length) end = at;
      else if (starts.includes(at + 1)) break;
      at++;
    } else if (mark === '#') {
      const stop = lineEnd(text, at);
      blank.push([at, stop]);
      at = stop;
    } else if (mark === "'" || mark === '"') {
      const stop = endOfQuote(text, at);
      broken ||= stop < 0;
      at = stop < 0 ? lineEnd(text, at) : stop;
    } else if (mark === '{') {
      const stop = endOfBraces(text, at);
      if (stop < 0) {
        broken = true;
        stack.length = 0;
        end = next(at + 1);
      } else {
        blank.push([at + 1, stop - 1]);
        at = stop;
      }
    } else {
      if (mark in CLOSES) {
        stack.push(CLOSES[mark]!);
        open = at;
      } else if (mark === ')' || mark === ']') {
        if (stack.pop() !== mark) broken = true;
      }
      at++;
    }
  }
  if (end < 0) end = stack.length ? next(open + 1) : text.length;
  broken ||= stack.length > 0;
  let masked = text.slice(start, end);
  for (const [from, to] of blank) {
    if (to > end) continue;
    masked = masked.slice(0, from - start) + text.slice(from, to).replace(/[^\n]/g, ' ') + masked.slice(to - start);
  }
  masked = masked.trimEnd();
  return [{ text: text.slice(start, start + masked.length), masked, start, broken }, end];
}
