/** The weights as the steps applied them, over time: by which method since when, and where it was changed. */

import { say } from '../../shared/dom';
import type { Status } from '../../shared/model';
import { LineChart } from './line';
import { panel } from './panel';
import type { Module } from './registry';

/** 'gradnorm from step 900, times yours'. */
function by(status: Status | null): string {
  const [step, method] = status?.methods?.at(-1) ?? [0, 'the method’s'];
  const since = step ? ` from step ${step.toLocaleString('en-US')}` : '';
  return `${method}${since}${status?.yours ? ', times yours' : ''}`;
}

export const weights: Module = {
  kind: 'weights',
  place: 'half',
  make(context) {
    const { el, body, readout, about } = panel('weights', 'Weight applied', '');
    const chart = new LineChart(body, {
      root: context.root,
      palette: context.palette,
      label: 'applied weight of each task, by epoch',
      lines: context.tasks.map((label, task) => ({
        label,
        task,
        style: 'solid',
        named: true,
        series: () => context.store.get('weights'),
        column: task + 1
      })),
      perEpoch: () => context.status()?.per_epoch ?? 0,
      marks: () => (context.status()?.methods ?? []).slice(1),
      readout
    });
    return {
      el,
      update() {
        say(about, by(context.status()));
        chart.update();
      },
      focus: task => chart.focus(task),
      cleanup: () => chart.cleanup()
    };
  }
};
