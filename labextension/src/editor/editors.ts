/** Which editors are ours: code cells that begin with `%%mtl`, and `.mtl` files. */

import type { CodeEditor } from '@jupyterlab/codeeditor';

import { isCell } from '../language/cell';

export const MIME = 'text/x-mtl';

const PYTHON = /^text\/x-i?python(?:;|$)/; // not text/x-ipythongfm, which is Markdown's

/** Whether the text of an editor is in the language. */
export function isOurs(model: CodeEditor.IModel, text: string): boolean {
  return model.mimeType === MIME || (isCell(text) && PYTHON.test(model.mimeType));
}

/** The mime type that an editor should have, which is another than it has only where it began or ceased to be ours. */
export function mimeOf(model: CodeEditor.IModel, before: string | undefined, on: boolean): string {
  const mime = model.mimeType;
  if (PYTHON.test(mime)) return on && isCell(model.sharedModel.getSource()) ? MIME : mime;
  // a file's own type is no cell's: only what was Python becomes Python again
  if (mime === MIME && before && !(on && isCell(model.sharedModel.getSource()))) return before;
  return mime;
}
