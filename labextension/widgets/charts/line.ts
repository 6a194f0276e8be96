/** Lines over epochs, drawn by uPlot. */

import uPlot from 'uplot';

import { say } from '../../shared/dom';
import { short } from '../../shared/format';
import type { Palette } from '../../shared/model';
import type { Series } from '../../shared/series';
import { resolved, shape } from '../../shared/theme';

export interface Line {
  label: string;
  task: number;
  style: 'solid' | 'dashed' | 'ghost';
  series(): Series | undefined;
  column: number;
  over?(): number; // what its values are divided by
  best?(): number | undefined; // index of a point that is marked
  named?: boolean; // its name stands at its end
}

export interface Options {
  root: HTMLElement;
  palette: Palette;
  label: string; // for screen readers
  lines: Line[];
  perEpoch(): number;
  even?: number; // a level that is drawn faintly
  marks?(): [step: number, name: string][]; // places that are named
  readout: HTMLElement;
  format?(value: number): string;
}

const HEIGHT = 150;
const NAMES = 84; // pixels at the right for names
const MOST_NAMES = 8;
const MOST_DRAWN = 600; // rows of a series; a chart has about as many pixels
const DASHES = { solid: [], dashed: [4, 3], ghost: [] } as const;

/** A mark of a task past the eighth, so that a colour that comes again is told apart. */
function mark(ctx: CanvasRenderingContext2D, kind: string, x: number, y: number, size: number): void {
  ctx.beginPath();
  if (kind === 'diamond') {
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y);
    ctx.lineTo(x, y + size);
    ctx.lineTo(x - size, y);
    ctx.closePath();
  } else {
    ctx.arc(x, y, size, 0, 2 * Math.PI);
  }
  if (kind === 'ring') ctx.stroke();
  else ctx.fill();
}

export class LineChart {
  private plot: uPlot;
  private focused: number | null = null;
  private tasks: number;
  private observer: ResizeObserver;
  private ink = { text: '', grid: '', ghost: '', tasks: ['#888'] };

  constructor(
    private host: HTMLElement,
    private options: Options
  ) {
    this.tasks = new Set(options.lines.map(line => line.task)).size;
    host.setAttribute('role', 'img');
    host.setAttribute('aria-label', options.label);
    const named = options.lines.filter(line => line.named).length;
    const axis = {
      stroke: () => this.ink.text,
      grid: { stroke: () => this.ink.grid, width: 0.6 },
      ticks: { show: false },
      font: '10px system-ui, sans-serif'
    };
    this.plot = new uPlot(
      {
        width: host.clientWidth || 400,
        height: HEIGHT,
        padding: [8, named && named <= MOST_NAMES ? NAMES : 28, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 5 }, focus: { prox: 30 } },
        focus: { alpha: 1 },
        scales: { x: { time: false, range: (_, low, high) => [Math.min(0, low ?? 0), high > 0 ? high : 1] } },
        axes: [
          {
            ...axis,
            size: 22,
            space: 60,
            grid: { show: false },
            values: (_, at) => at.map((v, i) => this.epoch(v, i === at.length - 1))
          },
          { ...axis, size: 42, space: 34, values: (_, at) => at.map(v => (options.format ?? axisText)(v)) }
        ],
        series: [
          {},
          ...options.lines.map(line => ({
            label: line.label,
            stroke: () => this.colour(line),
            width: line.style === 'solid' ? 1.6 : 1.3,
            alpha: this.alpha(line),
            dash: [...DASHES[line.style]],
            spanGaps: true,
            points: { show: false }
          }))
        ],
        hooks: {
          drawAxes: [u => this.level(u), u => this.places(u)],
          draw: [u => this.after(u)],
          setCursor: [u => this.read(u)]
        }
      },
      [[], ...options.lines.map(() => [])] as unknown as uPlot.AlignedData,
      host
    );
    this.observer = new ResizeObserver(() => {
      if (host.clientWidth > 0) this.plot.setSize({ width: host.clientWidth, height: HEIGHT });
    });
    this.observer.observe(host);
  }

  update(): void {
    this.theme();
    const per = Math.max(this.options.perEpoch(), 1);
    const { lines } = this.options;
    const rows = new Map<Series, number[]>(); // lines of one series share their places
    for (const line of lines) {
      const series = line.series();
      if (series) rows.set(series, picked(series.length, rows.get(series), line.best?.()));
    }
    const steps = new Set<number>();
    for (const [series, at] of rows) at.forEach(i => steps.add(series.columns[0]![i]!));
    const x = Float64Array.from(steps).sort();
    const place = new Map(Array.from(x, (step, i) => [step, i]));
    const columns = lines.map(line => {
      const y: (number | null)[] = new Array(x.length).fill(null);
      const series = line.series();
      const by = line.over?.() ?? 1;
      for (const i of (series && rows.get(series)) ?? []) {
        const value = series!.columns[line.column]![i]! / by;
        if (Number.isFinite(value)) y[place.get(series!.columns[0]![i]!)!] = value;
      }
      return y;
    });
    this.host.dataset['points'] = String(x.length);
    this.plot.setData([Array.from(x, step => step / per), ...columns]);
  }

  /** The others step back. */
  focus(task: number | null): void {
    if (task === this.focused) return;
    this.focused = task;
    this.options.lines.forEach((line, i) => {
      this.plot.series[i + 1]!.alpha = this.alpha(line);
    });
    this.plot.redraw(false);
  }

  cleanup(): void {
    this.observer.disconnect();
    this.plot.destroy();
  }

  /** What is pointed at stands out; training steps back where there are too many tasks to follow each. */
  private alpha(line: Line): number {
    if (this.focused !== null) return this.focused === line.task ? 1 : 0.15;
    const many = this.tasks > this.options.palette.light.length;
    if (line.style === 'ghost') return many ? 0 : 0.5;
    return many && line.style === 'solid' && this.options.lines.some(l => l.style === 'dashed') ? 0.35 : 1;
  }

  private theme(): void {
    const { root } = this.options;
    this.ink = {
      text: resolved(root, '--mtl-dim'),
      grid: resolved(root, '--mtl-line'),
      ghost: resolved(root, '--mtl-ghost'),
      tasks: this.options.palette.light.map((_, i) => resolved(root, `--t${i}`))
    };
  }

  private colour(line: Line): string {
    if (line.style === 'ghost') return this.ink.ghost;
    return this.ink.tasks[line.task % this.ink.tasks.length]!;
  }

  private epoch(value: number, last: boolean): string {
    return last ? `${this.options.perEpoch() ? 'epoch' : 'step'} ${value}` : String(value);
  }

  private level(u: uPlot): void {
    const { even } = this.options;
    if (even === undefined) return;
    const y = u.valToPos(even, 'y', true);
    if (y < u.bbox.top || y > u.bbox.top + u.bbox.height) return;
    u.ctx.save();
    u.ctx.strokeStyle = this.ink.text;
    u.ctx.globalAlpha = 0.6;
    u.ctx.lineWidth = devicePixelRatio * 0.8;
    u.ctx.beginPath();
    u.ctx.moveTo(u.bbox.left, y);
    u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
    u.ctx.stroke();
    u.ctx.restore();
  }

  private places(u: uPlot): void {
    const { ctx } = u;
    const scale = devicePixelRatio;
    const { left, top, width, height } = u.bbox;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = this.ink.text;
    ctx.lineWidth = 0.8 * scale;
    ctx.font = `${10 * scale}px system-ui, sans-serif`;
    for (const [step, name] of this.options.marks?.() ?? []) {
      const x = u.valToPos(step / Math.max(this.options.perEpoch(), 1), 'x', true);
      if (!(x >= left && x <= left + width)) continue;
      ctx.setLineDash([2 * scale, 3 * scale]);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + height);
      ctx.stroke();
      ctx.textAlign = x > left + width / 2 ? 'right' : 'left';
      ctx.fillText(name, x + (x > left + width / 2 ? -4 : 4) * scale, top + 6 * scale);
    }
    ctx.restore();
  }

  /** Marks and names. */
  private after(u: uPlot): void {
    const { ctx } = u;
    const { lines, palette } = this.options;
    const scale = devicePixelRatio;
    const ends: { y: number; at: number; line: Line; alpha: number }[] = [];
    ctx.save();
    lines.forEach((line, i) => {
      const y = u.data[i + 1] as (number | null)[];
      const alpha = u.series[i + 1]!.alpha ?? 1;
      ctx.globalAlpha = alpha;
      ctx.fillStyle = ctx.strokeStyle = this.colour(line);
      ctx.lineWidth = 1.4 * scale;
      const kind = shape(line.task, palette);
      const points = y.map((v, at) => (v === null || v === undefined ? -1 : at)).filter(at => at >= 0);
      if (!points.length) return;
      const place = (at: number): [number, number] => [
        u.valToPos(u.data[0][at]!, 'x', true),
        u.valToPos(y[at]!, 'y', true)
      ];
      if (line.style !== 'ghost' && kind !== 'square') {
        const every = Math.max(Math.floor(points.length / 5), 1);
        for (let k = 0; k < points.length; k += every) mark(ctx, kind, ...place(points[k]!), 3 * scale);
      } else if (points.length === 1) mark(ctx, 'circle', ...place(points[0]!), 2 * scale);
      const best = line.best?.();
      const series = best === undefined ? undefined : line.series();
      if (series && best !== undefined) {
        const x = series.columns[0]![best]! / Math.max(this.options.perEpoch(), 1);
        const at = (u.data[0] as number[]).indexOf(x);
        if (at >= 0 && y[at] !== null && y[at] !== undefined) mark(ctx, 'ring', ...place(at), 4 * scale);
      }
      if (line.named)
        ends.push({ y: place(points[points.length - 1]!)[1], at: points[points.length - 1]!, line, alpha });
    });
    if (ends.length <= MOST_NAMES) this.names(u, ends);
    ctx.restore();
  }

  /** The names at the ends of their lines, pushed apart where they would cover each other. */
  private names(u: uPlot, ends: { y: number; line: Line; alpha: number }[]): void {
    const scale = devicePixelRatio;
    const gap = 12 * scale;
    const bottom = u.bbox.top + u.bbox.height;
    ends.sort((a, b) => a.y - b.y);
    ends.forEach((end, i) => (end.y = Math.max(end.y, i ? ends[i - 1]!.y + gap : u.bbox.top)));
    for (let i = ends.length - 1, most = bottom; i >= 0; i--, most -= gap) ends[i]!.y = Math.min(ends[i]!.y, most);
    u.ctx.font = `${10 * scale}px system-ui, sans-serif`;
    u.ctx.textBaseline = 'middle';
    u.ctx.textAlign = 'left';
    for (const { y, line, alpha } of ends) {
      u.ctx.globalAlpha = alpha;
      u.ctx.fillStyle = this.colour(line);
      u.ctx.fillText(cut(u.ctx, line.label, (NAMES - 12) * scale), u.bbox.left + u.bbox.width + 6 * scale, y);
    }
  }

  /** What stands under the pointer: the nearest line's value. */
  private read(u: uPlot): void {
    const at = u.cursor.idx;
    if (at === null || at === undefined || (u.cursor.left ?? -1) < 0) return say(this.options.readout, '');
    let nearest: { line: Line; value: number; far: number } | undefined;
    this.options.lines.forEach((line, i) => {
      const column = u.data[i + 1] as (number | null)[];
      const value = column[at] ?? near(column, at);
      if (value === null || line.style === 'ghost') return;
      const far = Math.abs(u.valToPos(value, 'y') - (u.cursor.top ?? 0));
      if (!nearest || far < nearest.far) nearest = { line, value, far };
    });
    const x = (u.data[0] as number[])[at]!;
    const where = this.options.perEpoch() ? `epoch ${x.toFixed(1)}` : `step ${x}`;
    say(
      this.options.readout,
      nearest
        ? `${nearest.line.label}${nearest.line.style === 'dashed' ? ' (validation)' : ''} ${short(nearest.value)}, ${where}`
        : ''
    );
  }
}

/** Which of so many rows are drawn: evenly, the last and `best`, and those that `also` has. */
function picked(length: number, also: number[] = [], best?: number): number[] {
  const found = new Set(also);
  if (!also.length) {
    let every = 1; // a power of two, so that a line keeps its points as it grows
    while (length / every > MOST_DRAWN) every *= 2;
    for (let i = 0; i < length; i += every) found.add(i);
    if (length) found.add(length - 1);
  }
  if (best !== undefined && best < length) found.add(best);
  return [...found];
}

/** The value nearest to a place of a joined column, which has one only where its own series has. */
function near(column: (number | null)[], at: number): number | null {
  for (let d = 1; d < column.length; d++) {
    const value = column[at - d] ?? column[at + d];
    if (value !== null && value !== undefined) return value;
    if (at - d < 0 && at + d >= column.length) break;
  }
  return null;
}

function axisText(value: number): string {
  return Number(value.toPrecision(4)).toLocaleString('en-US', { maximumFractionDigits: 6 }).replace('-', '−');
}

/** A text that fits, cut with an ellipsis. */
function cut(ctx: CanvasRenderingContext2D, text: string, width: number): string {
  if (ctx.measureText(text).width <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && ctx.measureText(`${letters.join('')}…`).width > width) letters.pop();
  return `${letters.join('')}…`;
}
