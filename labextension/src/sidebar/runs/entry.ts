/** What is read of runs: another's folder may hold anything, so that only what has the expected form is taken. */

export type Metrics = Map<string, Map<string, number>>; // task -> metric -> value

/** A line of `index.json`. */
export interface Entry {
  id: string;
  name: string;
  status: string;
  started: Date | undefined;
  seconds: number | undefined;
  epoch: number;
  tasks: string[];
  metrics: Metrics;
  tags: string[];
}

/** What `run.json` says. */
export interface Facts {
  name: string;
  metrics: Map<string, Metrics>; // 'valid', 'test' ->
  weights: Map<string, number>;
  asked: { data: string[]; valid: string; test: string; stream: boolean | undefined };
  problem: string;
}

const MOST = 1000; // runs
const LONGEST = 500; // characters of a name

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, LONGEST) : '');
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter(v => typeof v === 'string').map(text) : [];
const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

/** The runs of an index, newest first; undefined: it is none. */
export function entries(json: string): Entry[] | undefined {
  const found = parsed(json);
  if (!isObject(found) || found['format'] !== 1 || !Array.isArray(found['runs'])) return undefined;
  const made = found['runs'].filter(isObject).map(entry);
  return made
    .filter(e => isFolder(e.id))
    .slice(-MOST)
    .reverse();
}

/** The facts of a run; undefined: they are damaged. */
export function facts(json: string): Facts | undefined {
  const found = parsed(json);
  if (!isObject(found)) return undefined;
  const progress = isObject(found['progress']) ? found['progress'] : {};
  const asked = isObject(found['asked']) ? found['asked'] : {};
  const problem = isObject(found['problem']) ? found['problem'] : {};
  return {
    name: text(found['name']),
    metrics: new Map(pairs(found['metrics'] ?? progress['metrics']).map(([part, of]) => [part, metrics(of)])),
    weights: numbers(found['weights']),
    asked: {
      data: texts(asked['data']),
      valid: text(asked['valid']),
      test: text(asked['test']),
      stream: typeof asked['stream'] === 'boolean' ? asked['stream'] : undefined
    },
    problem: [text(problem['code']), text(problem['message'])].filter(Boolean).join(': ')
  };
}

/** Whether a run's id is the name of a folder and leads nowhere else. */
function isFolder(id: string): boolean {
  return id !== '' && !id.startsWith('.') && !/[/\\:]/.test(id);
}

function entry(of: Json): Entry {
  const id = text(of['id']);
  const started = typeof of['started'] === 'string' ? new Date(of['started']) : undefined;
  return {
    id,
    name: text(of['name']) || id,
    status: text(of['status']),
    started: started && !Number.isNaN(started.getTime()) ? started : undefined,
    seconds: number(of['seconds']),
    epoch: number(of['epoch']) ?? 0,
    tasks: texts(of['tasks']),
    metrics: metrics(of['metrics']),
    tags: texts(of['tags'])
  };
}

function metrics(of: unknown): Metrics {
  return new Map(pairs(of).map(([task, values]) => [task, numbers(values)]));
}

function numbers(of: unknown): Map<string, number> {
  return new Map(pairs(of).flatMap(([name, value]) => (number(value) === undefined ? [] : [[name, value as number]])));
}

function pairs(of: unknown): [string, unknown][] {
  return isObject(of) ? Object.entries(of).map(([name, value]) => [text(name), value]) : [];
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
