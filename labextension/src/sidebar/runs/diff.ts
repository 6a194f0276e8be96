/** Which lines two texts share. */

export interface Line {
  mark: ' ' | '-' | '+';
  text: string;
}

const MOST = 1_000_000; // pairs of lines that are compared; texts that have more share their ends alone

/** The lines of both, in order: shared ones, those of the first alone, those of the second alone. */
export function diff(first: string, second: string): Line[] {
  const [a, b] = [first.split('\n'), second.split('\n')];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const same = (lines: string[]): Line[] => lines.map(text => ({ mark: ' ', text }));
  const middle = between(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return [...same(a.slice(0, start)), ...middle, ...same(a.slice(a.length - end))];
}

/** By the longest common subsequence. */
function between(a: string[], b: string[]): Line[] {
  const found: Line[] = [];
  const lengths: Uint16Array[] = [];
  if (a.length * b.length <= MOST) {
    for (let i = 0; i <= a.length; i++) lengths.push(new Uint16Array(b.length + 1));
    for (let i = a.length - 1; i >= 0; i--) {
      for (let j = b.length - 1; j >= 0; j--) {
        lengths[i]![j] =
          a[i] === b[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
      }
    }
  }
  const common = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && lengths.length && a[i] === b[j]) {
      found.push({ mark: ' ', text: a[i++]! });
      j++;
    } else if (i < a.length && (j >= b.length || common(i + 1, j) >= common(i, j + 1))) {
      found.push({ mark: '-', text: a[i++]! });
    } else found.push({ mark: '+', text: b[j++]! });
  }
  return found;
}
