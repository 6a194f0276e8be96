/** The colours of a cell: one pass over its characters, with the vocabulary's words. */

import { LanguageSupport, StreamLanguage, type StringStream } from '@codemirror/language';

import { SETTINGS, VOCABULARY } from '../language/vocabulary';

/** `first`: nothing stood above; `header`: on the `%%mtl` line. `begin`: no statement has begun on this line. `python`: brackets open in `{…}`. `depth`: our own brackets. */
interface State {
  first: boolean;
  header: boolean;
  begin: boolean;
  python: number;
  depth: number;
}

const NAME = /^(?!\d)[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]+/u;
const STATEMENTS = new Set(VOCABULARY.statement_words);
const CLAUSES = new Set(VOCABULARY.clauses.map(c => c.word));
const CONSTANTS = new Set(VOCABULARY.constants);
const WORDS = new Set(Object.values(VOCABULARY.families).flatMap(f => f.words.map(w => w.word)));

function token(stream: StringStream, state: State): string | null {
  if (stream.sol()) {
    state.header = false;
    if (state.first && stream.match(/^\s*%%mtl/)) {
      state.header = true;
      return 'meta';
    }
    if (!state.depth) state.begin = true;
  }
  if (stream.eatSpace()) return null;
  if (state.python) return python(stream, state);
  if (stream.match(/^#.*/)) return 'comment';
  if (stream.match(/^"(?:[^"]|"")*"?|^'(?:[^']|'')*'?/)) return 'string';
  if (state.header) return header(stream);
  if (stream.eat('{')) {
    state.python = 1;
    return 'bracket';
  }
  if (stream.match(/^[+-]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?/)) return 'number';
  if (stream.match(NAME)) return word(stream, state);
  const mark = stream.next();
  if (mark === '(' || mark === '[') state.depth++;
  if (mark === ')' || mark === ']') state.depth = Math.max(state.depth - 1, 0);
  return mark && '()[]'.includes(mark) ? 'bracket' : mark === '=' || mark === '*' ? 'operator' : null;
}

function word(stream: StringStream, state: State): string | null {
  const text = stream.current();
  const named = stream.match(/^\s*=/, false);
  const begin = state.begin;
  state.begin = false;
  if (begin && (STATEMENTS.has(text) || SETTINGS.includes(text))) return 'keyword';
  if (named) return 'propertyName';
  if (!state.depth && CLAUSES.has(text)) return 'keyword';
  if (CONSTANTS.has(text)) return 'atom';
  if (WORDS.has(text)) return 'typeName';
  return 'variableName';
}

/** On the `%%mtl` line: flags, and Python between them. */
function header(stream: StringStream): string | null {
  if (stream.match(/^--[\w-]+/)) return 'attributeName';
  if (stream.match(NAME)) return 'variableName';
  if (stream.match(/^\d[\d_.]*/)) return 'number';
  stream.next();
  return null;
}

/** In `{…}`: strings are seen, or a brace in one would end it. */
function python(stream: StringStream, state: State): string | null {
  if (stream.match(/^"(?:[^"\\]|\\.)*"?|^'(?:[^'\\]|\\.)*'?/)) return 'string';
  if (stream.match(/^#.*/)) return 'comment';
  if (stream.match(NAME)) return 'variableName.special';
  const mark = stream.next()!;
  if ('({['.includes(mark)) state.python++;
  if (')}]'.includes(mark)) state.python--;
  return '(){}[]'.includes(mark) ? 'bracket' : null;
}

/** The language as CodeMirror takes it. */
export function mtl(): LanguageSupport {
  const language = StreamLanguage.define<State>({
    name: 'mtl',
    startState: () => ({ first: true, header: false, begin: true, python: 0, depth: 0 }),
    copyState: state => ({ ...state }),
    token(stream, state) {
      const style = token(stream, state);
      if (stream.eol() && (style !== null || stream.string.trim())) state.first = false;
      return style;
    },
    languageData: { commentTokens: { line: '#' }, closeBrackets: { brackets: ['(', '[', '{', '"', "'"] } }
  });
  return new LanguageSupport(language);
}
