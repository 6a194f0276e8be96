/** Numbers for a reader, as `mtl_magic/numbers.py` shows them. */

/** Decimals that show so many significant digits of a value. */
export function decimals(value: number, digits = 3): number {
  if (!Number.isFinite(value) || value === 0) return digits - 1;
  return Math.min(Math.max(digits - 1 - Math.floor(Math.log10(Math.abs(value))), 0), 8);
}

/** Three significant digits, or as many as asked; '–' for what is no number. */
export function short(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e9 || size < 1e-4) return value.toExponential(digits - 1).replace('-', '−');
  const over = Math.floor(Math.log10(size)) + 1 - digits;
  const rounded = over > 0 ? Math.round(size / 10 ** over) * 10 ** over : size;
  const text = rounded.toLocaleString('en-US', {
    minimumFractionDigits: decimals(value, digits),
    maximumFractionDigits: decimals(value, digits)
  });
  return (value < 0 ? '−' : '') + text;
}

/** A difference with its sign, to the decimals of what it is a difference of. */
export function signed(difference: number, places: number): string {
  if (!Number.isFinite(difference)) return '–';
  const text = Math.abs(difference).toFixed(places);
  if (Number(text) === 0) return '±0';
  return (difference > 0 ? '+' : '−') + text;
}

/** A weight or a rate as a person types it. */
export function plain(value: number): string {
  return String(Number(value.toPrecision(4)));
}
