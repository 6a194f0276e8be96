/** The head of the dashboard. */

import { head } from '../../shared/progress';
import type { Module } from './registry';

export const progress: Module = {
  kind: 'progress',
  place: 'head',
  make(context) {
    const { el, update } = head(context.root.dataset['name'] ?? '');
    return { el, update: () => update(context.status()) };
  }
};
