/** The meaning of a word under the mouse. All that it shows is text. */

import type { Extension } from '@codemirror/state';
import { hoverTooltip } from '@codemirror/view';
import type { CodeEditor } from '@jupyterlab/codeeditor';

import { meaningAt, type Meaning } from '../language/meaning';
import { isOurs } from './editors';
import { hoverTheme } from './theme';

export class Hover {
  on = true;

  extension(model: CodeEditor.IModel): Extension {
    const source = hoverTooltip((view, position) => {
      const text = view.state.doc.toString();
      if (!this.on || !isOurs(model, text)) return null;
      const found = meaningAt(text, position);
      return found ? { pos: found.start, end: found.end, above: true, create: () => ({ dom: shown(found) }) } : null;
    });
    return [source, hoverTheme];
  }
}

function shown(meaning: Meaning): HTMLElement {
  const part = (tag: string, text: string, name = ''): HTMLElement => {
    const element = document.createElement(tag);
    element.textContent = text;
    if (name) element.className = name;
    return element;
  };
  const root = part('div', '', 'mtl-hover');
  root.append(part('div', meaning.title, 'mtl-hover-title'), part('code', meaning.form));
  for (const paragraph of meaning.paragraphs) root.append(part('p', paragraph));
  if (meaning.example) root.append(part('pre', meaning.example));
  return root;
}
