/** A notebook to begin with: that of the source tree where it is open, else one that is made. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { NotebookPanel } from '@jupyterlab/notebook';

import { QUICKSTART } from '../templates';

const PLACES = ['quickstart.ipynb', 'notebooks/quickstart.ipynb'];

export async function openQuickstart(app: JupyterFrontEnd, folder: string): Promise<void> {
  const { contents } = app.serviceManager;
  for (const path of PLACES) {
    const there = await contents.get(path, { content: false }).catch(() => undefined);
    if (there) {
      await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
      return;
    }
  }
  const made = await contents.newUntitled({ path: folder, type: 'notebook' });
  const metadata = { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } };
  const cells = QUICKSTART.map(([cell_type, source]) =>
    cell_type === 'code'
      ? { cell_type, source, metadata: {}, outputs: [], execution_count: null }
      : { cell_type, source, metadata: {} }
  );
  const content = { cells, metadata, nbformat: 4, nbformat_minor: 4 };
  await contents.save(made.path, { type: 'notebook', format: 'json', content });
  await (app.commands.execute('docmanager:open', { path: made.path, factory: 'Notebook' }) as Promise<NotebookPanel>);
}
