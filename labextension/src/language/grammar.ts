/** The package's own parser of one statement, run from its table: which tokens stand in a text, and what may follow. */

import { VOCABULARY } from './vocabulary';

export interface Token {
  type: string;
  text: string;
  start: number;
}

/** What a text begins with. `stopped` is where it cannot go on; there is none where it is a statement's beginning. */
export interface Begun {
  tokens: Token[];
  accepted: Set<string>;
  stopped?: number;
}

const END = '$END';
const { symbols, start, end, terminals } = VOCABULARY.grammar;
const rules = VOCABULARY.grammar.rules.map(([origin, length]) => [symbols[origin]!, length] as const);
const states = VOCABULARY.grammar.states.map(row => {
  const made: Record<string, number> = {};
  for (let i = 0; i < row.length; i += 2) made[symbols[row[i]!]!] = row[i + 1]!;
  return made;
});
const patterns = terminals.map(([name, pattern]) => [name, new RegExp(pattern, 'yu')] as const);
const terminal = new Set([END, ...terminals.map(([name]) => name)]);

/** The stack of states after a token, or undefined where it cannot stand. */
function fed(stack: readonly number[], type: string): number[] | undefined {
  const found = [...stack];
  for (;;) {
    const state = found[found.length - 1]!;
    const to = states[state]![type];
    if (to === undefined) return undefined;
    if (to >= 0) return [...found, to];
    const [origin, length] = rules[-1 - to]!;
    found.length -= length;
    found.push(states[found[found.length - 1]!]![origin]!);
    if (type === END && found[found.length - 1] === end) return found;
  }
}

/** The terminals that may follow. */
function accepted(stack: readonly number[]): Set<string> {
  const names = Object.keys(states[stack[stack.length - 1]!]!).filter(name => terminal.has(name));
  return new Set(names.filter(name => fed(stack, name) !== undefined));
}

/** The tokens of a scanned text: its comments and the inside of its braces are blank. */
export function begun(text: string): Begun {
  const tokens: Token[] = [];
  let stack = [start];
  let at = 0;
  while (at < text.length) {
    const row = states[stack[stack.length - 1]!]!;
    let token: Token | undefined;
    for (const [type, pattern] of patterns) {
      if (!(type in row) && !type.startsWith('__')) continue;
      pattern.lastIndex = at;
      const found = pattern.exec(text);
      if (found) {
        token = { type, text: found[0], start: at };
        break;
      }
    }
    if (!token) return { tokens, accepted: accepted(stack), stopped: at };
    at += token.text.length;
    if (token.type.startsWith('__')) continue;
    const next = fed(stack, token.type);
    if (!next) return { tokens, accepted: accepted(stack), stopped: token.start };
    stack = next;
    tokens.push(token);
  }
  return { tokens, accepted: accepted(stack) };
}

/** The name that a token writes. */
export function nameOf(token: Token): string {
  if (token.type !== 'QUOTED') return token.text;
  const quote = token.text[0]!;
  return token.text.slice(1, -1).replaceAll(quote + quote, quote);
}
