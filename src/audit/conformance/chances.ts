/*
 * Chances of statistics under the hypothesis that noise is what was declared. Gamma functions by series and continued
 * fraction (Numerical Recipes, 3rd ed., 6.2), ln Gamma by Stirling's series (Abramowitz and Stegun 6.1.41).
 */

/** Terms of a series or fraction: it needs a few times the root of its parameter. */
const MOST_TERMS = 1_000_000;

/** ln Gamma(x) for x > 0. */
export function lnGamma(x: number): number {
  let [shift, product] = [x, 1];
  while (shift < 10) {
    product *= shift++;
  }
  const inverse = 1 / (shift * shift);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) / shift;
  return (shift - 0.5) * Math.log(shift) - shift + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
}

/** The regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 - P, each precise where it is small. */
export function gammaTails(a: number, x: number): { lower: number; upper: number } {
  if (!(x > 0)) {
    return { lower: 0, upper: 1 };
  }
  if (x === Infinity) {
    return { lower: 1, upper: 0 };
  }
  const front = Math.exp(a * Math.log(x) - x - lnGamma(a));
  if (x < a + 1) {
    let [term, sum] = [1 / a, 1 / a];
    for (let n = 1; n < MOST_TERMS && term > sum * Number.EPSILON; n++) {
      term *= x / (a + n);
      sum += term;
    }
    const lower = Math.min(1, front * sum);
    return { lower, upper: 1 - lower };
  }
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < MOST_TERMS; n++) {
    const term = -n * (n - a);
    b += 2;
    d = term * d + b;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    c = b + term / c;
    c = Math.abs(c) < tiny ? tiny : c;
    fraction *= d * c;
    if (Math.abs(d * c - 1) < Number.EPSILON) {
      break;
    }
  }
  const upper = Math.min(1, front * fraction);
  return { lower: 1 - upper, upper };
}

/** The chance that a standard normal value lies as far from 0 as z. */
export function normalChance(z: number): number {
  return gammaTails(0.5, (z * z) / 2).upper;
}

/** Twice the chance of the nearer tail of a chi-square variable with k degrees of freedom at x. */
export function chiSquareChance(x: number, k: number): number {
  const { lower, upper } = gammaTails(k / 2, x / 2);
  return Math.min(1, 2 * Math.min(lower, upper));
}

/** The chance that a chi-square variable with k degrees of freedom is as large as x. */
export function chiSquareUpper(x: number, k: number): number {
  return gammaTails(k / 2, x / 2).upper;
}

/** Twice the chance of the nearer tail, `count` included, of a Poisson variable: of rare events, bounds the binomial's. */
export function poissonChance(count: number, mean: number): number {
  const atLeast = count === 0 ? 1 : gammaTails(count, mean).lower;
  const atMost = gammaTails(count + 1, mean).upper;
  return Math.min(1, 2 * Math.min(atLeast, atMost));
}

/**
 * Bounds the chance that the distance between the distribution function and that of n values reaches `distance` (Massart,
 * The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality, 1990): for every n.
 */
export function distanceChance(distance: number, n: number): number {
  return Math.min(1, 2 * Math.exp(-2 * n * distance * distance));
}

/**
 * Bounds the chance that a root of the eigenvalues of X^T X, X [n, p] of independent standard normal values, leaves
 * sqrt(n) ± sqrt(p) by so much (Davidson and Szarek 2001, II.13): for every n and p.
 */
export function extremeChance(beyond: number): number {
  return beyond > 0 ? Math.min(1, Math.exp((-beyond * beyond) / 2)) : 1;
}

/** The standard normal distribution function. */
export function normalCdf(x: number): number {
  const tail = gammaTails(0.5, (x * x) / 2).upper / 2;
  return x < 0 ? tail : 1 - tail;
}

/** About as many deviations as a chi-square variable with k degrees of freedom lies from its mean (Wilson and Hilferty 1931). */
export function chiSquareDeviations(x: number, k: number): number {
  const spread = 2 / (9 * k);
  return (Math.cbrt(x / k) - 1 + spread) / Math.sqrt(spread);
}
