/** Losses over that of the best constant: training solid, validation dashed, the best epoch marked. */

import { LineChart, type Line } from './line';
import { panel } from './panel';
import type { Module } from './registry';

export const losses: Module = {
  kind: 'losses',
  place: 'half',
  make(context) {
    const known = context.tasks.every(task => context.constants[task]);
    const { el, body, readout } = panel(
      'losses',
      known ? 'Loss, over the best constant' : 'Loss, over its first value',
      'solid training, dashed validation'
    );
    const over = (i: number): number =>
      known
        ? context.constants[context.tasks[i]!]!
        : (context.store.get('losses', 'train')?.columns[i + 1]?.find(Number.isFinite) ?? NaN);
    const line = (i: number, label: string, style: Line['style']): Line => ({
      label: context.tasks[i]!,
      task: i,
      style,
      named: style === 'solid',
      series: () => (style === 'ghost' ? context.ghost : context.store).get('losses', label),
      column: i + 1,
      over: () => over(i),
      best: () => {
        const at = context.store.get('metrics')?.best ?? -1;
        const step = at < 0 ? undefined : context.store.get('metrics')!.columns[0]![at];
        const found = step === undefined ? -1 : (context.store.get('losses', 'valid')?.columns[0]!.indexOf(step) ?? -1);
        return style === 'dashed' && found >= 0 ? found : undefined;
      }
    });
    const lines = context.tasks.flatMap((_, i) => [
      ...(context.ghost.get('losses', 'valid') ? [line(i, 'valid', 'ghost')] : []),
      line(i, 'valid', 'dashed'),
      line(i, 'train', 'solid')
    ]);
    const chart = new LineChart(body, {
      root: context.root,
      palette: context.palette,
      label: 'training and validation loss of each task, by epoch',
      lines,
      perEpoch: () => context.status()?.per_epoch ?? 0,
      even: 1,
      readout
    });
    return { el, update: () => chart.update(), focus: task => chart.focus(task), cleanup: () => chart.cleanup() };
  }
};
