/** Both themes, and the tasks' colours in them. */

import { h } from './dom';
import type { Cleanup, Palette } from './model';

/** A task's shape: colours repeat after eight, shapes then differ. */
export const SHAPES = ['square', 'circle', 'diamond', 'ring'] as const;

export function shape(index: number, palette: Palette): (typeof SHAPES)[number] {
  return SHAPES[Math.floor(index / palette.light.length) % SHAPES.length]!;
}

/** Whether an element stands on a dark ground: JupyterLab and VS Code say so; else the ground itself is looked at. */
export function dark(el: Element): boolean {
  const body = document.body;
  if (body.dataset['jpThemeLight']) return body.dataset['jpThemeLight'] === 'false';
  if (body.dataset['vscodeThemeKind']) return !body.dataset['vscodeThemeKind'].includes('light');
  const found = getComputedStyle(el)
    .backgroundColor.match(/[\d.]+/g)
    ?.map(Number) ?? [255, 255, 255];
  const [r = 255, g = 255, b = 255] = found;
  return 0.299 * r + 0.587 * g + 0.114 * b < 128;
}

/** Gives the root its theme and the variables `--t0`, `--t1`, …; `changed` is called when the page's theme changes. */
export function themed(root: HTMLElement, palette: Palette, changed: () => void = () => undefined): Cleanup {
  let last: boolean | undefined;
  const apply = () => {
    const is = dark(root);
    if (is === last) return;
    last = is;
    root.dataset['theme'] = is ? 'dark' : 'light';
    palette[is ? 'dark' : 'light'].forEach((colour, i) => root.style.setProperty(`--t${i}`, colour));
    changed();
  };
  const observer = new MutationObserver(apply);
  for (const el of [document.body, document.documentElement]) {
    observer.observe(el, {
      attributes: true,
      attributeFilter: ['class', 'style', 'data-jp-theme-light', 'data-vscode-theme-kind']
    });
  }
  const media = matchMedia('(prefers-color-scheme: dark)');
  media.addEventListener('change', apply);
  apply();
  requestAnimationFrame(apply); // the ground is known once the element is in the page
  return () => {
    observer.disconnect();
    media.removeEventListener('change', apply);
  };
}

/** The colour of a task, as a variable. */
export function colour(index: number, palette: Palette): string {
  return `var(--t${index % palette.light.length})`;
}

/** What a variable is now: a canvas knows no variables. */
export function resolved(el: Element, variable: string, otherwise = '#888'): string {
  return getComputedStyle(el).getPropertyValue(variable).trim() || otherwise;
}

/** A task's mark beside its name. */
export function swatch(index: number, palette: Palette): HTMLElement {
  return h('i', {
    class: `mtl-sw mtl-${shape(index, palette)}`,
    style: `--c:${colour(index, palette)}`,
    'aria-hidden': 'true'
  });
}
