/** Keys that are meant for what has the focus, and that a notebook would take for commands. */

import type { Cleanup } from './model';

// at the target itself: Lumino asks its selectors of the target before it looks above
const SUPPRESS = 'data-lm-suppress-shortcuts';

/**
 * Keeps single keys inside an element: arrows move its sliders, Enter presses its buttons, letters delete no cell. With Ctrl,
 * Alt, Meta or Shift they stay the notebook's, which saves and runs.
 *
 * Notebook 7 hears keys on their way down to the target, where the element itself cannot stop them: so the window is asked.
 */
export function ownKeys(el: HTMLElement): Cleanup {
  const heard = (event: KeyboardEvent) => {
    const { target } = event;
    if (!(target instanceof Element) || !el.contains(target)) return;
    const modified = event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;
    target.toggleAttribute(SUPPRESS, !modified);
  };
  window.addEventListener('keydown', heard, true);
  return () => window.removeEventListener('keydown', heard, true);
}
