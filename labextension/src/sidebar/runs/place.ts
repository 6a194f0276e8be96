/** Where the runs of a notebook are kept: where its kernel says, else where the setting does. */

import { PageConfig, PathExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';

import type { Said } from '../../kernel/checks';

const USUAL = 'mtl_runs';
const COLLABORATIVE = 'RTC'; // a drive of open documents; other files are where they always are

/** A folder for the contents API and for Python; `path` is undefined where JupyterLab does not see it. */
export interface Place {
  path: string | undefined;
  python: string;
}

/** `setting`: a path from the notebook, or with '/' from the server's folder; '' is the usual one. */
export function placeOf(contents: Contents.IManager, notebook: string, said: Said | undefined, setting: string): Place {
  if (said) return { path: below(said), python: said.short };
  const named = setting || USUAL;
  const drive = contents.driveName(notebook);
  const folder = PathExt.dirname(contents.localPath(notebook));
  const path = named.startsWith('/') ? PathExt.normalize(named.slice(1)) : PathExt.join(folder, named);
  if (path.startsWith('..')) return { path: undefined, python: named };
  const python = PathExt.relative(`/${folder}`, `/${path}`);
  return { path: drive && drive !== COLLABORATIVE ? `${drive}:${path}` : path, python };
}

/** The path of a kernel's folder within the server's. */
function below({ runs, home }: Said): string | undefined {
  const root = PageConfig.getOption('serverRoot')
    .replace(/^~(?=\/|$)/, home)
    .replace(/\/$/, '');
  return root !== '' && runs.startsWith(`${root}/`) ? runs.slice(root.length + 1) : undefined;
}
