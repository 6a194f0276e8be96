/** Where in the notebook a training was written. */

import { goTo } from '../../commands/cells';
import type { About } from '../../kernel/training';
import type { Shared } from '../offline';

/** Puts the cursor at a line of its cell: that which the kernel names, or one of the same text. */
export function goToLine({ steering }: Shared, { cell, text }: About, line: number): void {
  const panel = steering?.panel;
  if (!panel || line < 1) return;
  const cells = panel.content.widgets;
  const source = (at: number) => cells[at]!.model.sharedModel.getSource();
  const same = cells.findIndex((_, at) => source(at).trim() === text?.trim());
  const named = cells.findIndex(({ model }) => model.id === cell);
  const at = named < 0 ? same : named;
  if (at < 0) return;
  const above = source(at)
    .split('\n')
    .slice(0, line - 1);
  void goTo(
    panel,
    cells[at]!,
    above.reduce((sum, each) => sum + each.length + 1, 0)
  );
}
