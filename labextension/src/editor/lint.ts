/** Problems under the text as it is typed, with the way out that they propose. */

import { linter, type Action, type Diagnostic } from '@codemirror/lint';
import { StateEffect, type Extension } from '@codemirror/state';
import { ViewPlugin, type EditorView } from '@codemirror/view';
import type { CodeEditor } from '@jupyterlab/codeeditor';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Checks } from '../kernel/checks';
import { remedy, type Problem } from '../language/check';
import { isOurs } from './editors';

const DELAY = 300; // ms after the last key
const again = StateEffect.define<null>();

/** The linter of all editors; `on` turns it. */
export class Lint {
  private readonly views = new Set<EditorView>();
  private turned = true;

  constructor(
    private readonly checks: Checks,
    private readonly trans: TranslationBundle
  ) {
    checks.changed.connect(this.refresh, this);
  }

  set on(turned: boolean) {
    this.turned = turned;
    this.refresh();
  }

  /** The extension of one editor. */
  extension(model: CodeEditor.IModel): Extension {
    const views = this.views;
    const kept = ViewPlugin.define(view => {
      // the type of a cell is known after its first lint
      const typed = () => void setTimeout(() => views.has(view) && view.dispatch({ effects: again.of(null) }), 0);
      views.add(view);
      model.mimeTypeChanged.connect(typed);
      return {
        destroy: () => {
          views.delete(view);
          model.mimeTypeChanged.disconnect(typed);
        }
      };
    });
    const needsRefresh = (update: { transactions: readonly { effects: readonly StateEffect<unknown>[] }[] }) =>
      update.transactions.some(t => t.effects.some(e => e.is(again)));
    return [kept, linter(view => this.diagnostics(view, model), { delay: DELAY, needsRefresh })];
  }

  refresh(): void {
    for (const view of this.views) view.dispatch({ effects: again.of(null) });
  }

  private async diagnostics(view: EditorView, model: CodeEditor.IModel): Promise<Diagnostic[]> {
    const text = view.state.doc.toString();
    if (!this.turned || !isOurs(model, text)) return [];
    const found = await this.checks.problems(text, model);
    return found.map(problem => this.diagnostic(problem, text));
  }

  private diagnostic(problem: Problem, text: string): Diagnostic {
    const { code, message, hint, notes, severity, start } = problem;
    const end = Math.max(problem.end, Math.min(start + 1, text.length));
    const said = [`${code}: ${message}`, [hint, ...notes].filter(Boolean).join('; ').replace('?; ', '? ')];
    return {
      from: start,
      to: end,
      severity: severity === 'warning' ? 'warning' : 'error',
      source: 'mtl_magic',
      message: said.filter(Boolean).join('\n'),
      actions: this.actions({ ...problem, end }, text)
    };
  }

  private actions(problem: Problem, text: string): Action[] {
    const out = remedy(problem, text);
    if (!out) return [];
    return [
      {
        name: this.trans.__("Replace with '%1'", out.word),
        apply: (view, from, to) => view.dispatch({ changes: { from, to, insert: out.text }, userEvent: 'input.fix' })
      }
    ];
  }
}
