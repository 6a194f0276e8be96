/** Cells made of a run. They are inserted, never run: a folder may be somebody else's. */

import { plain } from '../../../shared/format';
import { begun, nameOf, type Token } from '../../language/grammar';
import { written } from '../../language/names';
import { split, type Piece } from '../../language/scan';
import type { Facts } from './entry';

const VARIABLE = /^[\p{L}_][\p{L}\p{N}_]*$/u;

const line = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** The run's text below its `%%mtl` line. */
export function cellOf(facts: Facts, text: string): string {
  const { data, valid, test, stream } = facts.asked;
  const words = ['%%mtl'];
  if (VARIABLE.test(facts.name)) words.push(facts.name);
  words.push(...data.map(expression => `--data ${line(expression)}`));
  if (valid) words.push(`--valid ${line(valid)}`);
  if (test) words.push(`--test ${line(test)}`);
  if (stream !== undefined) words.push(stream ? '--stream' : '--no-stream');
  return `${words.join(' ')}\n${text}\n`;
}

/** Python that loads the run with its trained weights. */
export function loading(facts: Facts, path: string): string {
  const name = VARIABLE.test(facts.name) ? facts.name : 'run';
  return `import mtl_magic\n\n${name} = mtl_magic.load(${JSON.stringify(path)})\n`;
}

/** The text with these weights written into its tasks, and nothing else that weighs them. */
export function weighted(text: string, weights: ReadonlyMap<string, number>): string {
  const lines: string[] = [];
  let balanced = false;
  for (const piece of split(text)) {
    const { tokens } = begun(piece.masked);
    const keyword = tokens[0]?.text;
    if (keyword === 'task') lines.push(...tasks(piece, tokens, weights));
    else if (keyword === 'balance') {
      balanced = true;
      lines.push('balance static');
    } else lines.push(piece.text);
  }
  return [...lines, ...(balanced ? [] : ['balance static'])].join('\n');
}

const CLAUSES = new Set(['COLON', 'FROM', 'GIVEN', 'WEIGHT', 'ALLOW']);

/** A line for each task of a canonical statement, since each has a weight of its own. */
function tasks({ text }: Piece, tokens: Token[], weights: ReadonlyMap<string, number>): string[] {
  const place = (types: (type: string) => boolean) => tokens.find(t => types(t.type))?.start ?? text.length;
  const head = place(type => CLAUSES.has(type));
  const allow = place(type => type === 'ALLOW');
  const weight = Math.min(
    place(type => type === 'WEIGHT'),
    allow
  );
  const [rest, own, allowed] = [text.slice(head, weight), text.slice(weight, allow), text.slice(allow)];
  const names = tokens.slice(1).filter(t => t.start < head && (t.type === 'NAME' || t.type === 'QUOTED'));
  return names.map(name => {
    const value = weights.get(nameOf(name));
    const task = `task ${written(nameOf(name))}${rest.startsWith(':') ? rest : ` ${rest}`}`;
    const says = value === undefined ? own : `weight ${plain(value)}`;
    return [task, says, allowed]
      .map(part => part.trim())
      .filter(Boolean)
      .join(' ');
  });
}
