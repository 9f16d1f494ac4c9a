import { chiSquareUpper, distanceChance, normalCdf, poissonChance } from '../chances';
import { type Check } from '../check';
import { type Evidence } from '../evidence';
import { type Tensor } from '../observe';

/** Cells of the histograms: so many to a deviation, out to `REACH` of them. */
const FINE = 32;
const REACH = 8;
const CELLS = 2 * FINE * REACH;
/** Cells are put together until so many values are expected: what Pearson's statistic needs to be chi-square. */
const ENOUGH = 60;
const TAILS = [2, 2.5, 3, 3.5, 4, 4.5, 5];
/** P(x below the lower edge of each cell). */
const EDGES = Float64Array.from({ length: CELLS + 1 }, (_, cell) => normalCdf(cell / FINE - REACH));

/** Laplace, uniform, a tail cut off, values of few bits. */
export function distribution(): Check {
  return {
    name: 'distribution',
    title: 'Whitened noise is normal, over coefficients and over positions: body, tails, each channel',
    examine({ alpha, declared: { shape }, all }, evidence) {
      for (const view of ['white', 'flat'] as const) {
        const channels = Array.from({ length: shape[0] }, (_, c) => histogram(all, view, c, shape[1] * shape[2]));
        const pooled = new Float64Array(CELLS);
        const over = view === 'white' ? 'coefficients' : 'positions';
        channels.forEach((counts, c) => {
          counts.forEach((count, cell) => (pooled[cell] += count));
          body(counts, evidence, `${over} of channel ${c}, ALPHA ${alpha}`);
        });
        body(pooled, evidence, `${over}, ALPHA ${alpha}`);
        distance(pooled, evidence, `${over}, ALPHA ${alpha}`);
        tails(pooled, evidence, `${over}, ALPHA ${alpha}`);
        lattice(all, view, evidence, `${over}, ALPHA ${alpha}`);
      }
    }
  };
}

function histogram(all: readonly Tensor[], view: 'white' | 'flat', c: number, area: number): Float64Array {
  const counts = new Float64Array(CELLS);
  for (const tensor of all) {
    const values = tensor[view];
    for (let i = c * area; i < (c + 1) * area; i++) {
      counts[Math.min(CELLS - 1, Math.max(0, Math.floor((values[i] + REACH) * FINE)))]++;
    }
  }
  return counts;
}

const total = (counts: Float64Array) => counts.reduce((sum, count) => sum + count);

function body(counts: Float64Array, evidence: Evidence, where: string): void {
  const n = total(counts);
  let [statistic, cells, count, from] = [0, 0, 0, 0];
  counts.forEach((more, cell) => {
    count += more;
    const expected = n * (EDGES[cell + 1] - from);
    const left = n * (1 - EDGES[cell + 1]);
    if (expected >= ENOUGH && (left >= ENOUGH || cell === CELLS - 1)) {
      statistic += (count - expected) ** 2 / expected;
      cells++;
      [count, from] = [0, EDGES[cell + 1]];
    } else if (cell === CELLS - 1 && cells > 0) {
      const rest = n * (1 - from);
      statistic += (count - rest) ** 2 / rest;
      cells++;
    }
  });
  if (cells > 2) {
    evidence.chance(chiSquareUpper(statistic, cells - 1), () => where);
  }
}

function distance(counts: Float64Array, evidence: Evidence, where: string): void {
  const n = total(counts);
  let [below, furthest] = [0, 0];
  counts.forEach((count, cell) => {
    below += count;
    furthest = Math.max(furthest, Math.abs(below / n - EDGES[cell + 1]));
  });
  evidence.chance(
    distanceChance(furthest, n),
    () => `distance ${furthest.toExponential(1)} of the distribution functions, ${where}`
  );
}

function tails(counts: Float64Array, evidence: Evidence, where: string): void {
  const n = total(counts);
  for (const limit of TAILS) {
    const inside = FINE * (REACH - limit);
    const beyond = n - total(counts.subarray(inside, CELLS - inside));
    const expected = 2 * n * normalCdf(-limit);
    evidence.chance(
      poissonChance(beyond, expected),
      () => `${beyond} of ${expected.toFixed(1)} beyond ${limit} deviations, ${where}`
    );
  }
}

/** Whether values lie on multiples of 2^-k, which what comes after a generator of few bits does. */
function lattice(all: readonly Tensor[], view: 'white' | 'flat', evidence: Evidence, where: string): void {
  for (const fineness of [1, 2, 4, 8, 16]) {
    const counts = new Float64Array(8);
    let n = 0;
    for (const tensor of all) {
      for (const value of tensor[view]) {
        const place = value * fineness;
        // Half a cell on, so that multiples fall into the middle of one.
        counts[Math.floor(8 * (place - Math.floor(place)) + 0.5) & 7]++;
        n++;
      }
    }
    const statistic = counts.reduce((sum, count) => sum + (count - n / 8) ** 2 / (n / 8), 0);
    evidence.chance(chiSquareUpper(statistic, 7), () => `multiples of 1/${fineness}, ${where}`);
  }
}
