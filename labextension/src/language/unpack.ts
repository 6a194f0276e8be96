/** A text as `mtl_magic/reference/packing.py` packs it: each mark is a pair of marks, or a letter. */

export interface Packed {
  symbols: string;
  text: string;
}

const LETTER = '!';
const FIRST = 0x23;
const BEHIND = 0x590;
const SKIPPED = /[\\'\x7f-\xff]/;

export function unpacked({ symbols, text }: Packed): string {
  const pairs: string[] = [];
  const known: string[] = [];
  for (let mark = FIRST, at = 0; mark < BEHIND; mark++) {
    if (SKIPPED.test(String.fromCharCode(mark))) continue;
    pairs[mark] = symbols.slice(at, (at += 2));
  }
  const said = (mark: number): string => (known[mark] ??= expanded(pairs[mark]!));
  const expanded = (pair: string): string =>
    pair[0] === LETTER ? pair[1]! : said(pair.charCodeAt(0)) + said(pair.charCodeAt(1));
  let made = '';
  for (let i = 0; i < text.length; i++) made += said(text.charCodeAt(i));
  return made;
}
