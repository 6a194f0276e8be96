/** A small curve as SVG, the earlier run's behind it, the best point marked. */

import { s } from './dom';

export interface Spark {
  x: number[];
  y: number[];
  ghost?: { x: number[]; y: number[] } | undefined;
  best?: number | undefined; // index
}

const finite = (values: number[]) => values.filter(Number.isFinite);

/** Lowest and highest of all values, a little apart where they are one. */
export function bounds(...all: number[][]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const values of all) {
    for (const v of values) {
      if (Number.isFinite(v)) [low, high] = [Math.min(low, v), Math.max(high, v)];
    }
  }
  if (low > high) return [0, 1];
  const pad = low === high ? Math.abs(low) * 0.05 || 1 : 0;
  return [low - pad, high + pad];
}

/** Draws into an `<svg>` at its size; `width`: where it has none yet. */
export function draw(svg: SVGElement, spark: Spark, width: number, height: number): void {
  width = svg.clientWidth || width;
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.replaceChildren();
  if (!finite(spark.y).length) return;
  const [x0, x1] = bounds(spark.x, spark.ghost?.x ?? [], [0]);
  const [y0, y1] = bounds(spark.y, spark.ghost?.y ?? []);
  const edge = 4;
  const px = (x: number) => edge + ((x - x0) / (x1 - x0)) * (width - 2 * edge);
  const py = (y: number) => height - edge - ((y - y0) / (y1 - y0)) * (height - 2 * edge);
  const path = (x: number[], y: number[]) => {
    let text = '';
    y.forEach((v, i) => {
      if (Number.isFinite(v)) text += `${text ? 'L' : 'M'}${px(x[i]!).toFixed(1)} ${py(v).toFixed(1)}`;
    });
    return text;
  };
  if (spark.ghost) svg.append(s('path', { d: path(spark.ghost.x, spark.ghost.y), class: 'mtl-ghost' }));
  svg.append(s('path', { d: path(spark.x, spark.y), class: 'mtl-curve' }));
  if (spark.y.length === 1)
    svg.append(s('circle', { cx: px(spark.x[0]!), cy: py(spark.y[0]!), r: 2, class: 'mtl-dot' }));
  if (spark.best !== undefined && Number.isFinite(spark.y[spark.best])) {
    svg.append(s('circle', { cx: px(spark.x[spark.best]!), cy: py(spark.y[spark.best]!), r: 3, class: 'mtl-best' }));
  }
}
