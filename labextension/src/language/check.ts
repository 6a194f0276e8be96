/**
 * What an editor can tell of a cell without a kernel: words, options and names that are not there, or twice.
 *
 * Codes and sentences are those of the package, which knows the rest; tests hold each problem found here to its own.
 */

import { bodyStart } from './cell';
import { KEY, KIND, locate, NAMES } from './cursor';
import { begun, nameOf, type Token } from './grammar';
import { didYouMean, isStatement, listed, quotedNames, shown } from './names';
import { Outline, salvage } from './outline';
import { split, type Piece } from './scan';
import { find, options, statementOf, VOCABULARY, words } from './vocabulary';

/** A problem at `[start, end)` of the text. */
export interface Problem {
  code: string;
  message: string;
  hint: string;
  notes: string[];
  severity: string;
  start: number;
  end: number;
}

interface Statement {
  keyword: string;
  names: Token[];
  parents: Token[];
  keys: [Token, number][];
  at: number;
}

/** The problems of a cell or `.mtl` file, in the order of the text. */
export function check(text: string): Problem[] {
  const begin = bodyStart(text);
  const checker = new Checker(text);
  for (const piece of split(text.slice(begin))) checker.statement(piece, begin + piece.start);
  return checker.finish();
}

class Checker {
  private readonly found: Problem[] = [];
  private readonly read: Statement[] = [];
  private readonly lost = new Outline();

  constructor(private readonly text: string) {}

  private say(code: string, message: string, start: number, end: number, hint = '', notes: string[] = []): void {
    this.found.push({ code, message, hint, notes, severity: 'error', start, end });
  }

  private line(at: number): number {
    return this.text.slice(0, at).split('\n').length;
  }

  /** One statement by itself. */
  statement(piece: Piece, at: number): void {
    const { tokens, stopped, accepted } = begun(piece.masked);
    const word = /^(?!\d)[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]+/u.exec(piece.masked)?.[0] ?? '';
    if (piece.broken || stopped !== undefined || !accepted.has('$END') || !tokens.length) {
      salvage(piece, this.lost);
      if (!piece.broken && word && !isStatement(word)) this.noStatement(word, at);
      return;
    }
    const made: Statement = { keyword: tokens[0]!.text, names: [], parents: [], keys: [], at };
    for (let i = 1; i < tokens.length; i++) this.token(tokens, i, made);
    this.read.push(made);
  }

  private noStatement(word: string, at: number): void {
    const known = VOCABULARY.statements.map(e => e.word);
    const hint = didYouMean(word, known);
    if (!hint) return; // other hints are the kernel's
    const notes = [`statements: ${known.join(', ')}`];
    this.say('MTL002', `a line begins with '${shown(word)}', which is no statement`, at, at + word.length, hint, notes);
  }

  private token(tokens: readonly Token[], i: number, made: Statement): void {
    const token = tokens[i]!;
    if (token.type !== 'NAME' && token.type !== 'QUOTED') return;
    const before = tokens[i - 1]!;
    const cursor = locate(tokens.slice(0, i));
    const frame = cursor.frames.at(-1);
    const start = made.at + token.start;
    const end = start + token.text.length;
    const named = tokens[i + 1]?.type === 'EQUAL';
    if (frame) {
      if (named && frame.family && (before.type === 'LPAR' || before.type === 'COMMA')) {
        this.option(
          frame.word,
          options(frame.family, frame.word).map(p => p.name),
          nameOf(token),
          start,
          end
        );
      }
    } else if (cursor.clause === KEY && named) {
      const known = options('settings', made.keyword).map(p => p.name);
      made.keys.push([token, end]);
      if (statementOf(made.keyword)) this.option(made.keyword, known, nameOf(token), start, end);
    } else if (cursor.clause === NAMES) made.names.push(token);
    else if (cursor.clause === 'given') made.parents.push(token);
    else if (made.keyword === 'share' && named) made.names.push(token);
    else if ((cursor.clause === KIND || cursor.clause === 'via') && token.type === 'NAME') {
      const [type] = cursor.types();
      if (type?.family) this.word(type.family, token.text, start, end);
    }
  }

  private option(word: string, known: string[], name: string, start: number, end: number): void {
    if (known.includes(name)) return;
    const has = known.length ? `options of ${word}: ${listed(known, 20)}` : `${word} has no options`;
    this.say('MTL040', `${word} has no option '${shown(name)}'`, start, end, didYouMean(name, known), [has]);
  }

  private word(family: string, name: string, start: number, end: number): void {
    if (find(family, name)) return;
    const known = words(family);
    const { title, plural } = VOCABULARY.families[family]!;
    const elsewhere = Object.keys(VOCABULARY.families).find(f => f !== family && find(f, name));
    const hint =
      didYouMean(name, known) || (elsewhere ? `'${name}' is a ${VOCABULARY.families[elsewhere]!.title}` : '');
    this.say('MTL020', `'${shown(name)}' is no ${title}`, start, end, hint, [`${plural}: ${listed(known)}`]);
  }

  /** What the statements say together. */
  finish(): Problem[] {
    const two = "two heads on one column are two names with 'label='";
    this.twice('task', 'MTL022', two);
    this.twice('feature', 'MTL024', "one column can be two features with 'column='");
    this.twice('share', 'MTL023', '', 'block');
    this.parents();
    this.keys();
    return this.found.sort((a, b) => a.start - b.start);
  }

  private twice(keyword: string, code: string, hint: string, thing = keyword): void {
    const seen = new Map<string, number>();
    for (const statement of this.read.filter(s => s.keyword === keyword)) {
      for (const token of statement.names) {
        const name = nameOf(token);
        const start = statement.at + token.start;
        const first = seen.get(name.normalize('NFC'));
        if (first === undefined) seen.set(name.normalize('NFC'), start);
        else {
          const notes = [`first declared in line ${this.line(first)}`];
          const message = `${thing} '${shown(name)}' is declared twice`;
          this.say(code, message, start, start + token.text.length, hint, notes);
        }
      }
    }
  }

  private parents(): void {
    const tasks = this.read.filter(s => s.keyword === 'task');
    const declared = [...new Set([...this.lost.tasks.keys(), ...tasks.flatMap(s => s.names.map(nameOf))])];
    const known = new Set(declared.map(n => n.normalize('NFC')));
    for (const statement of tasks) {
      const own = statement.names.map(nameOf);
      for (const token of statement.parents) {
        const name = nameOf(token);
        const start = statement.at + token.start;
        const end = start + token.text.length;
        if (own.includes(name)) {
          const hint = own.length === 1 ? 'name another task' : 'write a line for each task';
          this.say('MTL029', `task '${shown(name)}' is given itself`, start, end, hint);
        } else if (!known.has(name.normalize('NFC'))) {
          const others = declared.filter(n => !own.includes(n));
          const who = quotedNames(own, 'task');
          const message = `${who} is given '${shown(name)}', which no task statement declares`;
          const notes = others.length ? [`tasks here: ${listed(others)}`] : [];
          this.say('MTL029', message, start, end, didYouMean(name, others), notes);
        }
      }
    }
  }

  private keys(): void {
    const said = new Map<string, number>();
    for (const statement of this.read) {
      for (const [token, end] of statement.keys) {
        const name = nameOf(token);
        const key = `${statement.keyword} ${name}`;
        const start = statement.at + token.start;
        const first = said.get(key);
        if (first === undefined) said.set(key, start);
        else if (options('settings', statement.keyword).some(p => p.name === name)) {
          this.say(
            'MTL044',
            `'${name}' of ${statement.keyword} is given twice`,
            start,
            end,
            '',
            this.given(statement, first)
          );
        }
      }
    }
  }

  /** Within one line the package needs no note. */
  private given(statement: Statement, first: number): string[] {
    return first < statement.at ? [`first given in line ${this.line(first)}`] : [];
  }
}

/** The word that a hint proposes, or undefined. */
export function proposed(hint: string): string | undefined {
  return /^did you mean '(.+)'\?$/.exec(hint)?.[1];
}

/** The way out of a hint such as "did you mean 'binary'?": the word, and what stands in the problem's place then. */
export function remedy(problem: Problem, text: string): { word: string; text: string } | undefined {
  const word = proposed(problem.hint);
  if (word === undefined) return undefined;
  const was = text.slice(problem.start, problem.end);
  const quote = /^['"]/.exec(was)?.[0] ?? '';
  return { word, text: /\w[^\w'"]*=/.test(was) ? was.replace(/^[^\s=]+/, word) : quote + word + quote };
}
