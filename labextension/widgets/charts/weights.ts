/** The weights as the steps applied them, over time. */

import { say } from '../../shared/dom';
import { LineChart } from './line';
import { panel } from './panel';
import type { Module } from './registry';

export const weights: Module = {
  kind: 'weights',
  place: 'half',
  make(context) {
    const { el, body, readout, about } = panel('weights', 'Weight applied', 'the method’s times yours');
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
      readout
    });
    return {
      el,
      update() {
        const mine = context.status()?.said.some(text => text.includes('(you)'));
        say(about, mine ? 'the method’s times yours' : 'as each step used it');
        chart.update();
      },
      focus: task => chart.focus(task),
      cleanup: () => chart.cleanup()
    };
  }
};
