/** Completion in JupyterLab's own popup. */

import type { CompletionHandler, ICompletionContext, ICompletionProvider } from '@jupyterlab/completer';
import { Text } from '@jupyterlab/coreutils';
import { NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';

import { isOurs } from '../editor/editors';
import { isCell } from '../language/cell';
import { complete } from '../language/complete';
import { documentation } from '../language/meaning';
import type { Busy } from './busy';

const LONGEST = 70;

/** What an item is and its meaning, as the kernel's matcher writes it: JupyterLab breaks a type at every space. */
function beside(kind: string, doc: string): string {
  const text = doc && doc !== kind ? `${kind}: ${doc}` : kind;
  const short = text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1).trimEnd()}…`;
  return short.replaceAll(' ', '\u00a0').replace(/[-/|–—…]/g, '$&\u2060');
}

export class Provider implements ICompletionProvider {
  readonly identifier = 'CompletionProvider:mtl-magic';
  readonly rank = 1100; // above the kernel's, whose items have no meaning beside them
  readonly renderer = null;
  on = true;
  private readonly guarded = new WeakSet<Kernel.IKernelConnection>();

  constructor(private readonly busy: Busy) {}

  async isApplicable(context: ICompletionContext): Promise<boolean> {
    const model = context.editor?.model;
    if (!this.on || !model || !isOurs(model, model.sharedModel.getSource())) return false;
    if (context.session?.kernel && context.widget instanceof NotebookPanel) {
      this.guard(context.session.kernel, context.widget);
    }
    return true;
  }

  async fetch(request: CompletionHandler.IRequest): Promise<CompletionHandler.ICompletionItemsReply> {
    const { text } = request;
    const offset = Text.charIndexToJsIndex(request.offset, text);
    const found = complete(text, offset);
    return {
      start: Text.jsIndexToCharIndex(found[0]?.start ?? offset, text),
      end: request.offset,
      items: found.map(({ text: label, kind, doc }) => ({
        label,
        insertText: label,
        type: beside(kind, doc),
        documentation: documentation(kind, label, doc)
      }))
    };
  }

  async resolve(item: CompletionHandler.ICompletionItem): Promise<CompletionHandler.ICompletionItem> {
    return item; // it has its meaning
  }

  /**
   * JupyterLab shows no completion before every provider has answered, or a second has passed. So while a cell of the
   * notebook runs, a kernel is not asked for our cells: the vocabulary's answer stands at once.
   */
  private guard(kernel: Kernel.IKernelConnection, panel: NotebookPanel): void {
    if (this.guarded.has(kernel)) return;
    this.guarded.add(kernel);
    const request = kernel.requestComplete.bind(kernel);
    kernel.requestComplete = async content => {
      if (this.on && isCell(content.code) && this.busy.of(panel.content)) throw new Error('the kernel runs a cell');
      return request(content);
    };
  }
}
