/** The folder of runs, read through JupyterLab's own contents API: no kernel is asked, and none need be there. */

import type { Contents } from '@jupyterlab/services';

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

  /** `path`: of the folder, for the contents API. */
  constructor(
    private readonly contents: Contents.IManager,
    readonly path: string
  ) {}

  /** The runs, newest first; none where the folder has no index. */
  async index(): Promise<Index> {
    const file = await this.about(INDEX);
    if (!file || file.type !== 'file') return { runs: [] };
    const stamp = `${file.last_modified} ${file.size}`;
    if (this.last?.stamp !== stamp) {
      const large = (file.size ?? 0) > LARGE;
      const runs = large ? undefined : entries((await this.text(INDEX)) ?? '');
      this.last = { stamp, index: runs ? { runs } : { runs: [], trouble: large ? 'large' : 'broken' } };
    }
    const { index } = this.last;
    return { ...index, runs: await Promise.all(index.runs.map(run => this.alive(run))) };
  }

  /** What a run's own file says. */
  async facts(run: Entry): Promise<Facts | undefined> {
    return facts((await this.text(`${run.id}/run.json`)) ?? '');
  }

  /** The canonical text of a run's cell. */
  async cell(run: Entry): Promise<string> {
    return ((await this.text(`${run.id}/cell.mtl`)) ?? '').trimEnd();
  }

  /** The index says that a run trains until somebody looks; its folder says when it last did. */
  private async alive(run: Entry): Promise<Entry> {
    if (run.status !== 'running') return run;
    const file = await this.about(`${run.id}/run.json`);
    const since = Date.now() - Date.parse(file?.last_modified ?? '');
    return since < SILENT ? run : { ...run, status: 'silent' };
  }

  private async about(name: string): Promise<Contents.IModel | undefined> {
    return this.contents.get(`${this.path}/${name}`, { content: false }).catch(() => undefined);
  }

  private async text(name: string): Promise<string | undefined> {
    const asked = { type: 'file', format: 'text', content: true } as const;
    const file = await this.contents.get(`${this.path}/${name}`, asked).catch(() => undefined);
    return typeof file?.content === 'string' ? file.content : undefined;
  }
}
