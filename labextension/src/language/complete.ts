/** What may be written at a cursor: the port of the package's `language/complete.py`; a table of cursors compares both. */

import { bodyStart } from './cell';
import { Cursor, locate } from './cursor';
import { begun } from './grammar';
import { written } from './names';
import { Offers, type Offer } from './offers';
import { outline } from './outline';
import { openRegion } from './regions';
import { split } from './scan';
import { SETTINGS, VOCABULARY } from './vocabulary';

/** A text that may stand for `text.slice(start, end)` of the cell; `end` is the cursor. */
export interface Candidate {
  text: string;
  start: number;
  end: number;
  kind: string;
  doc: string;
}

const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]';
const BEHIND = new RegExp(`${WORD}*$`, 'u');
const AHEAD = new RegExp(`^${WORD}`, 'u');
const TIGHT = '*\'")]}.'; // directly behind one of these no word begins; behind a '.' only a member does

/** The candidates at an offset of a cell or `.mtl` file, the likely ones first; none on the `%%mtl` line. */
export function complete(text: string, offset: number): Candidate[] {
  const begin = bodyStart(text);
  if (offset < begin) return [];
  return inBody(text.slice(begin), offset - begin).map(c => ({ ...c, start: c.start + begin, end: c.end + begin }));
}

function inBody(text: string, offset: number): Candidate[] {
  const before = text.slice(0, offset);
  const between = !AHEAD.test(text.slice(offset)) && !BEHIND.exec(before)![0];
  const pieces = split(before + (between ? 'x' : '') + text.slice(offset)); // a word to come makes a statement
  const index = pieces.filter(p => p.start <= offset).length - 1;
  const said = before.slice(index < 0 ? 0 : pieces[index]!.start);
  const region = openRegion(said);
  if (region && region.sort !== 'quote') return [];
  const quote = region ? said[region.start]! : '';
  const typed = region ? said.slice(region.start + 1).replaceAll(quote + quote, quote) : BEHIND.exec(said)![0];
  const start = region ? offset - said.length + region.start : offset - typed.length;
  const head = said.slice(0, said.length - (offset - start));
  const others = pieces.filter((_, i) => i !== index);
  const found = new Map<string, Candidate>();
  const after = text.slice(offset);
  for (const offer of offers(head, quote, () => outline(others))) {
    if (!offer.text.toLowerCase().startsWith(typed.toLowerCase()) || (quote && !offer.isName)) continue;
    let made = offer.isName ? written(offer.text) : offer.text;
    if (quote) made = quote + offer.text.replaceAll(quote, quote + quote) + (after.startsWith(quote) ? '' : quote);
    if (offer.assigned && !/^\s*=/.test(after)) made += '=';
    if (!found.has(made)) found.set(made, { text: made, start, end: offset, kind: offer.kind, doc: offer.doc });
  }
  return [...found.values()];
}

function offers(head: string, quote: string, others: () => ReturnType<typeof outline>): Iterable<Offer> {
  const piece = split(`${head}x`).at(-1);
  if (!piece?.masked.endsWith('x')) return [];
  const masked = piece.masked.slice(0, -1);
  if (!masked.trim()) {
    if (quote) return [];
    const { accepted } = begun('');
    return VOCABULARY.statements
      .filter(e => accepted.has(SETTINGS.includes(e.word) ? 'SETTINGS' : e.word.toUpperCase()))
      .map(e => ({ text: e.word, kind: 'statement', doc: e.summary }));
  }
  const { tokens, accepted, stopped } = begun(masked);
  if (stopped !== undefined || !tokens.length || (quote && !accepted.has('QUOTED'))) return [];
  const cursor: Cursor = locate(tokens);
  const last = masked.at(-1)!;
  if (TIGHT.includes(last) && !(last === '.' && cursor.last === 'DOT')) return [];
  return new Offers(cursor, accepted, others()).all();
}
