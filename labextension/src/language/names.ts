/** Names as they are written, and the word that was probably meant. */

import { VOCABULARY } from './vocabulary';

const NAME = /^(?!\d)[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+$/u;
const LONGEST = 60;
const MOST = 300;

/** A name, quoted where it must be. */
export function written(name: string): string {
  if (NAME.test(name)) return name;
  return name.includes('"') && !name.includes("'") ? `'${name}'` : `"${name.replaceAll('"', '""')}"`;
}

/** A text of the person's for a sentence. */
export function shown(text: string, limit = 40): string {
  const points = [...text];
  return points.length <= limit ? text : `${points.slice(0, limit).join('')}…`;
}

/** Names for a sentence: 'a, b, c and 4 more'. */
export function listed(names: readonly string[], limit = 12): string {
  if (names.length <= limit) return names.join(', ');
  return `${names.slice(0, limit).join(', ')} and ${names.length - limit} more`;
}

/** Names of a statement for a sentence: "tasks 'a', 'b'". */
export function quotedNames(names: readonly string[], thing: string): string {
  const all = listed(
    names.map(n => `'${shown(n)}'`),
    6
  );
  return `${thing}${names.length > 1 ? 's' : ''} ${all}`;
}

/** Python's difflib.SequenceMatcher(a, b).ratio(), so that editor and kernel suggest the same. */
export function ratio(a: string, b: string): number {
  const [first, second] = [[...a], [...b]];
  const total = first.length + second.length;
  return total ? (2 * matches(first, second, 0, first.length, 0, second.length)) / total : 1;
}

function matches(a: string[], b: string[], alo: number, ahi: number, blo: number, bhi: number): number {
  let [besti, bestj, size] = [alo, blo, 0];
  let lengths = new Map<number, number>();
  for (let i = alo; i < ahi; i++) {
    const row = new Map<number, number>();
    for (let j = blo; j < bhi; j++) {
      if (a[i] !== b[j]) continue;
      const length = (lengths.get(j - 1) ?? 0) + 1;
      row.set(j, length);
      if (length > size) [besti, bestj, size] = [i - length + 1, j - length + 1, length];
    }
    lengths = row;
  }
  if (!size) return 0;
  return size + matches(a, b, alo, besti, blo, bestj) + matches(a, b, besti + size, ahi, bestj + size, bhi);
}

/** The word that was probably meant, or undefined: difflib.get_close_matches of the package's `nearest`. */
export function nearest(word: string, known: Iterable<string>, cutoff = 0.6): string | undefined {
  if (!word || word.length > LONGEST) return undefined;
  const fold = (text: string) => text.normalize('NFC').toLowerCase();
  const folded = new Map<string, string>();
  for (const name of [...known].slice(0, MOST)) if (name.length <= LONGEST) folded.set(fold(name), name);
  let best: [number, string] | undefined;
  for (const name of folded.keys()) {
    const score = ratio(name, fold(word));
    // of equals the greater text, as heapq.nlargest has it
    if (score >= cutoff && (!best || score > best[0] || (score === best[0] && name > best[1]))) best = [score, name];
  }
  return best && folded.get(best[1]);
}

export function didYouMean(word: string, known: Iterable<string>, cutoff = 0.6): string {
  const found = nearest(word, known, cutoff);
  return found ? `did you mean '${found}'?` : '';
}

/** Whether a word is a statement's. */
export const isStatement = (word: string): boolean => VOCABULARY.statement_words.includes(word);
