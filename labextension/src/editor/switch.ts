/** Gives `%%mtl` cells the language's mime type while their first line says so, and Python's back otherwise. */

import type { CodeEditor } from '@jupyterlab/codeeditor';

import { mimeOf } from './editors';

/** The switch of one editor's model. */
class Switch {
  private before: string | undefined;

  constructor(
    private readonly model: CodeEditor.IModel,
    private readonly owner: Highlighting
  ) {
    model.sharedModel.changed.connect(this.fix, this);
    model.sharedModel.disposed.connect(this.leave, this);
    model.mimeTypeChanged.connect(this.fix, this); // the notebook sets it anew when the kernel says its language
    setTimeout(() => this.fix(), 0); // the mime type is set after the editor is made
  }

  fix(): void {
    if (this.model.isDisposed) return;
    const mime = mimeOf(this.model, this.before, this.owner.on);
    if (mime === this.model.mimeType) return;
    this.before = this.model.mimeType;
    this.model.mimeType = mime;
  }

  private leave(): void {
    this.model.sharedModel.changed.disconnect(this.fix, this);
    this.model.sharedModel.disposed.disconnect(this.leave, this);
    this.owner.forget(this.model);
  }
}

/** The switches of all editors; `on` turns them. */
export class Highlighting {
  private readonly switches = new Map<CodeEditor.IModel, Switch>();
  private turned = true;

  watch(model: CodeEditor.IModel): void {
    if (!this.switches.has(model)) this.switches.set(model, new Switch(model, this));
  }

  forget(model: CodeEditor.IModel): void {
    this.switches.delete(model);
  }

  get on(): boolean {
    return this.turned;
  }

  set on(turned: boolean) {
    this.turned = turned;
    for (const made of [...this.switches.values()]) made.fix();
  }
}
