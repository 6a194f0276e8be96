/** A text as `mtl_magic/reference/packing.py` packs it: LZMA (lc=3, lp=0, pb=0), two characters of ASCII a 13 bits. */

export interface Packed {
  packed: string;
}

/** The value of a mark: the printable characters but space, quotes and backslash. */
const digit = (code: number): number => code - 33 - Number(code > 34) - Number(code > 39) - Number(code > 92);

function bytes(text: string): Uint8Array {
  const found = new Uint8Array(Math.floor((text.length * 13) / 16));
  let [bits, held] = [0, 0];
  for (let i = 0, at = 0; i < text.length; i += 2) {
    bits = (bits << 13) | (91 * digit(text.charCodeAt(i)) + digit(text.charCodeAt(i + 1)));
    for (held += 13; held >= 8;) found[at++] = bits >> (held -= 8);
    bits &= 255; // what is left is less than a byte
  }
  return found;
}

// Where each kind of probability stands in the one array.
const MATCH = 0;
const REP = 12; // then of the second, third and fourth distance, and of a single byte: 12 each
const SINGLE = 60;
const LENGTH = 72; // of a match, then of a repetition: choice, choice, low, middle, high
const EACH = 2 + 8 + 8 + 256;
const SLOT = LENGTH + 2 * EACH;
const SPECIAL = SLOT + 4 * 64;
const ALIGN = SPECIAL + 115;
const LITERAL = ALIGN + 16;

export function unpacked({ packed }: Packed): string {
  const data = bytes(packed);
  const odds = new Uint16Array(LITERAL + 8 * 0x300).fill(1024);
  const made: number[] = [];
  let [at, range, code] = [5, 0xffffffff, 0];
  for (let i = 1; i < 5; i++) code = ((code << 8) | data[i]!) >>> 0;

  const normal = () => {
    if (range >= 0x1000000) return;
    range = (range << 8) >>> 0;
    code = ((code << 8) | (data[at++] ?? 0)) >>> 0;
  };
  const bit = (place: number): number => {
    const odd = odds[place]!;
    const bound = (range >>> 11) * odd;
    const one = Number(code >= bound);
    if (one) {
      range -= bound;
      code -= bound;
      odds[place]! -= odd >> 5;
    } else {
      range = bound;
      odds[place]! += (2048 - odd) >> 5;
    }
    normal();
    return one;
  };
  const tree = (place: number, bits: number): number => {
    let node = 1;
    for (let i = 0; i < bits; i++) node = 2 * node + bit(place + node);
    return node - (1 << bits);
  };
  const reversed = (place: number, bits: number): number => {
    let [node, value] = [1, 0];
    for (let i = 0; i < bits; i++) {
      const one = bit(place + node);
      node = 2 * node + one;
      value |= one << i;
    }
    return value;
  };
  const length = (place: number): number => {
    if (!bit(place)) return 2 + tree(place + 2, 3);
    return bit(place + 1) ? 18 + tree(place + 18, 8) : 10 + tree(place + 10, 3);
  };
  const distance = (long: number): number => {
    const slot = tree(SLOT + 64 * Math.min(long - 2, 3), 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** bits;
    if (slot < 14) return base + reversed(SPECIAL + base - slot, bits);
    let value = 0;
    for (let i = 4; i < bits; i++) {
      range >>>= 1;
      const one = Number(code >= range);
      if (one) code -= range;
      value = 2 * value + one;
      normal();
    }
    return base + 16 * value + reversed(ALIGN, 4);
  };

  let state = 0;
  const last = [0, 0, 0, 0]; // the distances
  for (;;) {
    let long = 1;
    if (!bit(MATCH + state)) {
      const place = LITERAL + 0x300 * ((made[made.length - 1] ?? 0) >> 5);
      let node = 1;
      if (state >= 7) {
        let other = made[made.length - last[0]! - 1]!;
        for (let same = true; node < 256 && same;) {
          const was = (other >> 7) & 1;
          other <<= 1;
          const one = bit(place + 256 * (1 + was) + node);
          node = 2 * node + one;
          same = one === was;
        }
      }
      while (node < 256) node = 2 * node + bit(place + node);
      made.push(node & 255);
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      continue;
    }
    if (!bit(REP + state)) {
      long = length(LENGTH);
      last.pop();
      last.unshift(distance(long));
      if (last[0] === 0xffffffff) return new TextDecoder().decode(Uint8Array.from(made));
      state = state < 7 ? 7 : 10;
    } else {
      let which = 0;
      while (which < 3 && bit(REP + 12 * (which + 1) + state)) which++;
      if (which === 0 && !bit(SINGLE + state)) state = state < 7 ? 9 : 11;
      else {
        last.unshift(...last.splice(which, 1));
        long = length(LENGTH + EACH);
        state = state < 7 ? 8 : 11;
      }
    }
    for (; long; long--) made.push(made[made.length - last[0]! - 1]!);
  }
}
