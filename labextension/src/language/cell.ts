/** What a text is: a cell of ours, its `%%mtl` line and its body. */

const HEADER = /^\s*%%mtl(?![\p{Alphabetic}\p{M}\p{Nd}\p{Pc}])[^\n]*/u;

/** Whether a cell is written in the language: its first line is `%%mtl`. */
export function isCell(text: string): boolean {
  return HEADER.test(text);
}

/** Where the body begins: behind the `%%mtl` line; 0 of a file, which has none. Past the end where there is no body. */
export function bodyStart(text: string): number {
  const header = HEADER.exec(text);
  return header ? header[0].length + 1 : 0;
}
