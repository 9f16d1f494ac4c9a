import { CustomChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent } from 'echarts/components';
import { init, setPlatformAPI, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { type AuditReport } from '../../protocol';
import { COLOUR_STYLE } from './style';
import { percent, pictured, strongestClean, strongestOf } from './words';

use([CustomChart, LineChart, GridComponent, LegendComponent, SVGRenderer]);

const LETTER_PX = 11;
/** Without a screen nobody can measure letters: those of a wide font, so that in no font one name runs into the next. */
const widthOf = (text: string, px = LETTER_PX): number => 0.6 * px * text.length;
setPlatformAPI({
  measureText: (text, font = '') => ({ width: widthOf(text, Number(/([\d.]+)px/.exec(font)?.[1] ?? LETTER_PX)) })
});

export interface Point {
  x: number;
  y: number;
  /** 95 %; none is drawn where it is missing. */
  interval?: readonly [number, number];
}

export interface Series {
  name: string;
  points: readonly Point[];
}

export interface Chart {
  /** What is across, with its unit. */
  x: string;
  /** Places across, evenly spread. */
  ticks: readonly number[];
  series: readonly Series[];
}

const COLOURS = 6;
const DASHES: (string | number[])[] = ['solid', [6, 3], [2, 2], [8, 3, 2, 3], [10, 4], [1, 3]];
const SHAPES = ['circle', 'rect', 'triangle', 'diamond', 'roundRect', 'pin'];

/**
 * Curves of shares, 0…1, as SVG; series differ by dash and mark, not by colour alone. Colours are variables of the page.
 * @param width @param height pixels
 */
export function drawCurves({ x, ticks, series }: Chart, width: number, height: number): string {
  // Strengths and looks crowd at one end: every place is as far from the next, as the labels say.
  const at = (value: number) => ticks.indexOf(value);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  const text = { color: 'var(--faint)', fontFamily: 'system-ui, sans-serif', fontSize: LETTER_PX };
  const line = { lineStyle: { color: 'var(--line)' } };
  const legendRows = Math.ceil(series.reduce((sum, { name }) => sum + 40 + widthOf(name), 0) / width);
  try {
    chart.setOption({
      animation: false,
      grid: { left: 40, right: 14, top: 12 + 20 * legendRows, bottom: 38, containLabel: false },
      legend: { top: 0, left: 0, itemWidth: 24, itemHeight: 8, textStyle: text, data: series.map(({ name }) => name) },
      xAxis: {
        type: 'category',
        data: ticks.map(place => `${place}`),
        boundaryGap: false,
        name: x,
        nameLocation: 'middle',
        nameGap: 24,
        nameTextStyle: text,
        axisLabel: { ...text, hideOverlap: true },
        axisLine: line,
        axisTick: line
      },
      yAxis: {
        type: 'value',
        min: 0,
        max: 1,
        interval: 0.25,
        axisLabel: { ...text, formatter: (value: number) => percent(value, 0) },
        splitLine: line
      },
      series: series.flatMap(({ name, points }, i) => {
        const colour = `var(--series-${(i % COLOURS) + 1})`;
        const shown = points.filter(({ x: place }) => at(place) >= 0);
        return [
          {
            type: 'line' as const,
            name,
            data: shown.map(point => [at(point.x), Math.min(Math.max(point.y, 0), 1)]),
            symbol: SHAPES[i % SHAPES.length],
            symbolSize: 7,
            lineStyle: { color: colour, width: 2, type: DASHES[i % DASHES.length] as 'solid' },
            itemStyle: { color: colour }
          },
          {
            type: 'custom' as const,
            name: `${name}, interval`,
            data: shown.flatMap(point => (point.interval ? [[at(point.x), ...point.interval.map(clamp)]] : [])),
            renderItem: whisker(colour)
          }
        ];
      })
    });
    return still(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

/** Without what answers a pointer or numbers parts through a process: the same curves give the same text. Nothing is cut off. */
export function still(svg: string): string {
  return svg.replaceAll(
    /<style ?>.*?<\/style>|<defs ?>.*?<\/defs>| (?:clip-path|class|ecmeta_\w+|pointer-events|xmlns:\w+)="[^"]*"/gs,
    ''
  );
}

interface Canvas {
  value(dimension: number): unknown;
  coord(data: number[]): number[];
}

/** A stroke from the low end of an interval to the high one; data are place, low and high. */
export function whisker(colour: string, lying = false) {
  return (_: unknown, api: unknown) => {
    const { value, coord } = api as Canvas;
    const [place, low, high] = [0, 1, 2].map(i => Number(value(i)));
    const [[x1, y1], [x2, y2]] = [low, high].map(end => coord(lying ? [end, place] : [place, end]));
    return { type: 'line' as const, shape: { x1, y1, x2, y2 }, style: { stroke: colour, lineWidth: 1.5 } };
  };
}

export function clamp(share: number): number {
  return Math.min(Math.max(share, 0), 1);
}

/** The same as a file of its own, with the colours in it. */
export function standalone(svg: string): string {
  return svg.replace(/>/, `><style>${COLOUR_STYLE}</style><rect width="100%" height="100%" fill="var(--page)"/>`);
}

/** What each attack recovers at each strength, from the input it did best with, for one look. */
export function strengthChart(report: AuditReport): Chart {
  const results = report.alphas.flatMap(({ attacks }) => attacks.filter(pictured));
  const names = [...new Set(results.map(({ name }) => name))];
  const clean = strongestClean(report);
  return {
    x: 'ALPHA',
    ticks: [...(clean ? [0] : []), ...report.alphas.map(({ alpha }) => alpha)],
    series: names.map(name => ({
      name,
      points: [
        ...pointOf(0, strongestOf(report.clean.filter(result => pictured(result) && result.name === name))),
        ...report.alphas.flatMap(({ alpha, attacks }) =>
          pointOf(alpha, strongestOf(attacks.filter(result => pictured(result) && result.name === name)))
        )
      ]
    }))
  };
}

/** What the strongest attack recovers from the mean of so many looks, one curve for a strength; null where none was run. */
export function looksChart(report: AuditReport): Chart | null {
  const many = report.alphas.filter(({ attacks }) => attacks.some(({ looks, metrics }) => looks > 1 && metrics !== null));
  const ticks = [...new Set(many.flatMap(({ attacks }) => attacks.filter(({ metrics }) => metrics).map(({ looks }) => looks)))];
  if (many.length === 0) {
    return null;
  }
  return {
    x: 'looks at one picture with fresh noise',
    ticks: ticks.sort((a, b) => a - b),
    series: spread(many, COLOURS).map(({ alpha, attacks }) => ({
      name: `ALPHA ${alpha}`,
      points: ticks.flatMap(looks =>
        pointOf(looks, strongestOf(attacks.filter(result => result.looks === looks && result.metrics !== null)))
      )
    }))
  };
}

function pointOf(x: number, result: { r2: number; ci: [number, number] } | null): Point[] {
  return result === null ? [] : [{ x, y: result.r2, interval: result.ci }];
}

/** At most so many of them, the ends among them. */
function spread<T>(items: readonly T[], most: number): T[] {
  return items.length <= most
    ? [...items]
    : Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]);
}
