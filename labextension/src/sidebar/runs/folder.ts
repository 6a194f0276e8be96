/** The folder of runs, read through JupyterLab's own contents API: no kernel is asked, and none need be there. */

import type { Contents, ServerConnection } from '@jupyterlab/services';

import { entries, facts, type Entry, type Facts } from './entry';

const INDEX = 'index.json';
const LARGE = 4_000_000; // bytes of an index that are not read: it would stop the page
const SILENT = 900_000; // ms without a sign of life after which a training counts as gone, as for the package

/** What the index says; `trouble`: why it cannot be shown. */
export interface Index {
  runs: Entry[];
  trouble?: 'broken' | 'large';
}

export class Folder {
  private last: { stamp: string; index: Index } | undefined;
  private known: Index = { runs: [] };

  /** `path`: of the folder, for the contents API. */
  constructor(
    private readonly contents: Contents.IManager,
    readonly path: string
  ) {}

  /** The runs, newest first; none where the folder has no index, and those known where the server does not answer. */
  async index(): Promise<Index> {
    try {
      this.known = await this.read();
    } catch {
      // it is asked again at the next occasion
    }
    return this.known;
  }

  private async read(): Promise<Index> {
    const file = await this.about(INDEX);
    if (!file || file.type !== 'file') return { runs: [] };
    const stamp = `${file.last_modified} ${file.size}`;
    if (this.last?.stamp !== stamp) {
      const large = (file.size ?? 0) > LARGE;
      const runs = large ? undefined : entries(await this.text(INDEX).catch(unless(400, '')));
      this.last = { stamp, index: runs ? { runs } : { runs: [], trouble: large ? 'large' : 'broken' } };
    }
    const { index } = this.last;
    return { ...index, runs: await Promise.all(index.runs.map(run => this.alive(run))) };
  }

  /** What a run's own file says. */
  async facts(run: Entry): Promise<Facts | undefined> {
    return facts(await this.text(`${run.id}/run.json`).catch(() => ''));
  }

  /** The canonical text of a run's cell. */
  async cell(run: Entry): Promise<string> {
    return (await this.text(`${run.id}/cell.mtl`).catch(() => '')).trimEnd();
  }

  /** The index says that a run trains until somebody looks; its folder says when it last did. */
  private async alive(run: Entry): Promise<Entry> {
    if (run.status !== 'running') return run;
    const file = await this.about(`${run.id}/run.json`);
    const since = Date.now() - Date.parse(file?.last_modified ?? '');
    return since < SILENT ? run : { ...run, status: 'silent' };
  }

  /** What the server says of a file; undefined: there is none. */
  private async about(name: string): Promise<Contents.IModel | undefined> {
    return this.contents.get(`${this.path}/${name}`, { content: false }).catch(unless(404, undefined));
  }

  private async text(name: string): Promise<string> {
    const asked = { type: 'file', format: 'text', content: true } as const;
    const { content } = await this.contents.get(`${this.path}/${name}`, asked);
    return typeof content === 'string' ? content : '';
  }
}

/** What stands for a file of which the server says so; any other error says nothing of the file. */
function unless<T>(status: 400 | 404, otherwise: T): (error: unknown) => T {
  return error => {
    if ((error as Partial<ServerConnection.ResponseError>).response?.status === status) return otherwise;
    throw error;
  };
}
