/** Elements without markup: what a person wrote only ever becomes text. */

type Attributes = Record<string, string | number | boolean | undefined | ((event: any) => void)>;
type Child = Node | string | null | undefined;

const SVG = 'http://www.w3.org/2000/svg';

function fill(el: Element, attributes: Attributes, children: Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') el.addEventListener(name, value);
    else if (value === true) el.setAttribute(name, '');
    else if (value !== undefined && value !== false) el.setAttribute(name, String(value));
  }
  el.append(...children.filter((c): c is Node | string => c !== null && c !== undefined));
}

/** An HTML element; a function among the attributes is a listener of that event. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  fill(el, attributes, children);
  return el;
}

/** An SVG element. */
export function s(tag: string, attributes: Attributes = {}, ...children: Child[]): SVGElement {
  const el = document.createElementNS(SVG, tag) as SVGElement;
  fill(el, attributes, children);
  return el;
}

/** Sets a text only where it changes: what does not change costs no layout. */
export function say(el: Element, text: string): void {
  if (el.textContent !== text) el.textContent = text;
}
