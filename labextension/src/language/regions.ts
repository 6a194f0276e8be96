/** The parts of a text that are not the language's own: comments, quoted texts, Python in braces. */

export type Sort = 'comment' | 'quote' | 'python';

/** `closed`: it ends where it says so, not where the text (a quote: the line) ends. */
export interface Region {
  sort: Sort;
  start: number;
  end: number;
  closed: boolean;
}

const CLOSES: Record<string, string> = { '(': ')', '[': ']', '{': '}' };
const QUOTED: Record<string, RegExp> = { "'": /'(?:[^'\n]|'')*'/y, '"': /"(?:[^"\n]|"")*"/y };
const STRING = /'''(?:[^\\]|\\[^])*?'''|"""(?:[^\\]|\\[^])*?"""|'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*"/y;

/** The index after a quoted text that begins at `start`; -1 where it is not closed on its line. */
export function endOfQuote(text: string, start: number): number {
  const pattern = QUOTED[text[start]!]!;
  pattern.lastIndex = start;
  return pattern.test(text) ? pattern.lastIndex : -1;
}

/**
 * The index after the brace that closes the one at `start`, by Python's strings, comments and brackets; -1 where it is
 * never closed. An f-string counts as a plain one here: the kernel knows better.
 */
export function endOfBraces(text: string, start: number): number {
  const open: string[] = [];
  let at = start;
  while (at < text.length) {
    const mark = text[at]!;
    if (mark === '#') {
      at = lineEnd(text, at);
    } else if (mark === "'" || mark === '"') {
      STRING.lastIndex = at;
      if (!STRING.test(text)) return -1;
      at = STRING.lastIndex;
    } else {
      at++;
      if (mark in CLOSES) open.push(CLOSES[mark]!);
      else if (')]}'.includes(mark)) {
        if (open.pop() !== mark) return -1;
        if (!open.length) return at;
      }
    }
  }
  return -1;
}

export function lineEnd(text: string, at: number): number {
  const found = text.indexOf('\n', at);
  return found < 0 ? text.length : found;
}

/** The regions of a text, in order. */
export function regions(text: string): Region[] {
  const found: Region[] = [];
  const begin = /[#'"{]/g;
  for (let match = begin.exec(text); match; match = begin.exec(text)) {
    const start = match.index;
    const stop = lineEnd(text, start);
    let made: Region;
    if (match[0] === '#') made = { sort: 'comment', start, end: stop, closed: stop < text.length };
    else if (match[0] === '{') {
      const end = endOfBraces(text, start);
      made = { sort: 'python', start, end: end < 0 ? text.length : end, closed: end >= 0 };
    } else {
      const end = endOfQuote(text, start);
      made = { sort: 'quote', start, end: end < 0 ? stop : end, closed: end >= 0 };
    }
    found.push(made);
    begin.lastIndex = made.end;
  }
  return found;
}

/** The region that is still open at the end of a text. */
export function openRegion(text: string): Region | undefined {
  const last = regions(text).at(-1);
  return last && !last.closed && last.end === text.length ? last : undefined;
}
