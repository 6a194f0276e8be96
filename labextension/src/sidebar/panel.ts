/** The panel: parts one above the other, and the empty state where there is none. */

import type { CommandRegistry } from '@lumino/commands';
import type { TranslationBundle } from '@jupyterlab/translation';
import { PanelLayout, Widget } from '@lumino/widgets';

import { Ids } from '../commands/ids';
import { icon } from '../icon';

const START = ['%load_ext mtl_magic', '%%mtl model --data log', 'task click: binary'];

export class Sidebar extends Widget {
  private readonly empty: Widget;

  constructor(
    private readonly commands: CommandRegistry,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.id = 'mtl-magic-sidebar';
    this.addClass('mtl-sidebar');
    this.title.icon = icon;
    this.title.caption = trans.__('Multi-task');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Multi-task'));
    const layout = new PanelLayout();
    this.layout = layout;
    this.empty = this.start();
    layout.addWidget(this.empty);
  }

  /** Adds a part; its rank says where, the lowest on top. It hides itself where it has nothing to show. */
  addPart(part: Widget, rank: number): void {
    const layout = this.layout as PanelLayout;
    part.node.dataset['rank'] = String(rank);
    const index = layout.widgets.findIndex(w => Number(w.node.dataset['rank'] ?? Infinity) > rank);
    layout.insertWidget(index < 0 ? layout.widgets.length : index, part);
  }

  /** Whether the three-line start is shown. */
  set isEmpty(empty: boolean) {
    this.empty.setHidden(!empty);
  }

  private start(): Widget {
    const widget = new Widget();
    widget.addClass('mtl-sidebar-empty');
    const title = document.createElement('h2');
    title.textContent = this.trans.__('A multi-task model in three lines');
    const lines = document.createElement('pre');
    lines.textContent = START.join('\n');
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'jp-Button jp-mod-styled jp-mod-accept';
    button.textContent = this.trans.__('Insert example');
    button.addEventListener('click', () => void this.commands.execute(Ids.insert));
    widget.node.append(title, lines, button);
    return widget;
  }
}
