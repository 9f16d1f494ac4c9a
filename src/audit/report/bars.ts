import { BarChart, CustomChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { clamp, still, whisker } from './charts';
import { percent } from './words';

use([BarChart, CustomChart, GridComponent, SVGRenderer]);

export interface Bar {
  name: string;
  /** A share, 0…1, and its 95 % interval. */
  value: number;
  interval: readonly [number, number];
}

/** Shares as lying bars under their names, the first on top, as SVG. @param width @param height pixels */
export function drawBars(bars: readonly Bar[], width: number, height: number): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  const text = { color: 'var(--faint)', fontFamily: 'system-ui, sans-serif', fontSize: 11 };
  const line = { lineStyle: { color: 'var(--line)' } };
  try {
    chart.setOption({
      animation: false,
      grid: { left: 8, right: 40, top: 8, bottom: 24, containLabel: false },
      xAxis: {
        type: 'value',
        min: 0,
        max: 1,
        interval: 0.25,
        axisLabel: { ...text, formatter: (value: number) => percent(value, 0) },
        splitLine: line
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: bars.map(({ name }) => name),
        axisLabel: { show: false },
        axisTick: { show: false },
        axisLine: line
      },
      series: [
        {
          type: 'bar',
          barWidth: 10,
          data: bars.map(({ value }) => clamp(value)),
          itemStyle: { color: 'var(--series-1)' },
          label: {
            show: true,
            position: [0, -15],
            formatter: ({ dataIndex }: { dataIndex: number }) => `${bars[dataIndex].name}: ${percent(bars[dataIndex].value)}`,
            ...text,
            color: 'var(--ink)'
          }
        },
        {
          type: 'custom',
          data: bars.map(({ interval }, i) => [i, ...interval.map(clamp)]),
          encode: { x: [1, 2], y: 0 },
          renderItem: whisker('var(--ink)', true)
        }
      ]
    });
    return still(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}
