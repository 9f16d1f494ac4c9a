import { type SweepDocument } from '../../protocol';
import { type Chart, type Point } from './charts';

/**
 * Accuracy and leakage over ALPHA, without noise at 0.
 * @param recovered what the legend calls leakage; a narrow chart has room for less
 */
export function sweepChart({ clean, rows }: SweepDocument, recovered = 'recovered by the strongest attacker'): Chart {
  const points = [{ alpha: 0, ...clean }, ...rows];
  const curve = (of: (row: (typeof points)[number]) => number | null): Point[] =>
    points.flatMap(row => {
      const y = of(row);
      return y === null ? [] : [{ x: row.alpha, y }];
    });
  return {
    x: 'ALPHA (0: without noise)',
    ticks: points.map(({ alpha }) => alpha),
    series: [
      { name: 'average precision', points: curve(({ average_ap }) => average_ap) },
      { name: recovered, points: curve(({ leakage }) => leakage) }
    ].filter(series => series.points.length > 0)
  };
}
