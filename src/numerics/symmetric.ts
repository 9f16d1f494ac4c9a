/** Square matrices are Float64Array of n x n values, row-major. */
export type Matrix = Float64Array;

export interface Eigen {
  /** n eigenvalues, ascending. */
  values: Float64Array;
  /** n x n, row k the unit eigenvector of value k. */
  vectors: Matrix;
}

/** It converges in two or three steps a value; a block of a matrix without full rank, whose values are all rounding, may not at all. */
const PATIENT_STEPS = 30;
const MOST_STEPS = 60;

/**
 * Eigenvalues and eigenvectors of a real symmetric matrix, by Householder's reduction to three diagonals and implicit QL
 * (Golub and Van Loan, Matrix Computations, 4th ed., 8.3). Residual and loss of orthogonality are of the order of
 * n x 2^-52 x |A|. Only the lower triangle is read.
 * @throws RangeError when the matrix holds a value that is not finite
 */
export function eigenSymmetric(matrix: Matrix, n: number): Eigen {
  if (!matrix.every(Number.isFinite)) {
    throw new RangeError('The matrix holds values that are not finite.');
  }
  const { diagonal, beside, basis } = tridiagonal(matrix, n);
  implicitQl(diagonal, beside, basis, n);
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[a] - diagonal[b]);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => vectors.set(basis.subarray(from * n, (from + 1) * n), to * n));
  return { values: Float64Array.from(order, k => diagonal[k]), vectors };
}

/** A = Q^T T Q with three diagonals in T: the middle one, the one beside it (its last value is 0), and Q. */
function tridiagonal(matrix: Matrix, n: number): { diagonal: Float64Array; beside: Float64Array; basis: Matrix } {
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      a[i * n + j] = a[j * n + i] = matrix[i * n + j];
    }
  }
  const basis = identity(n);
  for (let k = 0; k < n - 2; k++) {
    reflect(a, basis, n, k);
  }
  return {
    diagonal: Float64Array.from({ length: n }, (_, i) => a[i * n + i]),
    beside: Float64Array.from({ length: n }, (_, i) => (i < n - 1 ? a[(i + 1) * n + i] : 0)),
    basis
  };
}

/** H = I - 2 v v^T makes column k of A zero below the one under the diagonal: A <- H A H, Q <- H Q. */
function reflect(a: Matrix, basis: Matrix, n: number, k: number): void {
  const v = new Float64Array(n);
  let scale = 0;
  for (let i = k + 1; i < n; i++) {
    v[i] = a[i * n + k];
    scale = Math.max(scale, Math.abs(v[i]));
  }
  if (scale === 0) {
    return;
  }
  const length = scale * norm(v.map(value => value / scale));
  v[k + 1] += v[k + 1] >= 0 ? length : -length;
  const whole = norm(v.map(value => value / scale)) * scale;
  for (let i = k + 1; i < n; i++) {
    v[i] /= whole;
  }
  // A <- A - v w^T - w v^T with w = 2 A v - 2 (v^T A v) v.
  const w = new Float64Array(n);
  let along = 0;
  for (let i = k; i < n; i++) {
    let sum = 0;
    for (let j = k + 1; j < n; j++) {
      sum += a[i * n + j] * v[j];
    }
    w[i] = 2 * sum;
    along += v[i] * sum;
  }
  for (let i = k; i < n; i++) {
    w[i] -= 2 * along * v[i];
  }
  for (let i = k; i < n; i++) {
    for (let j = k; j < n; j++) {
      a[i * n + j] -= v[i] * w[j] + w[i] * v[j];
    }
  }
  const shadow = new Float64Array(n);
  for (let i = k + 1; i < n; i++) {
    for (let j = 0; j < n; j++) {
      shadow[j] += 2 * v[i] * basis[i * n + j];
    }
  }
  for (let i = k + 1; i < n; i++) {
    for (let j = 0; j < n; j++) {
      basis[i * n + j] -= v[i] * shadow[j];
    }
  }
}

/** Diagonalise T in place by QL steps with Wilkinson's shift, turning the rows of the basis along. */
function implicitQl(d: Float64Array, e: Float64Array, basis: Matrix, n: number): void {
  const whole = d.reduce((most, value, i) => Math.max(most, Math.abs(value) + Math.abs(e[i])), 0);
  for (let first = 0; first < n; first++) {
    for (let step = 0; ; step++) {
      let last = first;
      // Beside its neighbours first, which keeps small values exact; then beside the whole, which is all that is promised.
      const size = (k: number) => (step < PATIENT_STEPS ? Math.abs(d[k]) + Math.abs(d[k + 1]) : whole);
      while (last < n - 1 && Math.abs(e[last]) > Number.EPSILON * size(last)) {
        last++;
      }
      if (last === first) {
        break;
      }
      if (step === MOST_STEPS) {
        throw new RangeError('The eigenvalues did not converge.');
      }
      qlStep(d, e, basis, n, first, last);
    }
  }
}

function qlStep(d: Float64Array, e: Float64Array, basis: Matrix, n: number, first: number, last: number): void {
  const half = (d[first + 1] - d[first]) / (2 * e[first]);
  const root = Math.hypot(half, 1);
  let g = d[last] - d[first] + e[first] / (half + (half >= 0 ? root : -root));
  let [s, c, p] = [1, 1, 0];
  for (let i = last - 1; i >= first; i--) {
    const [f, b] = [s * e[i], c * e[i]];
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      // The matrix falls apart here.
      d[i + 1] -= p;
      e[last] = 0;
      return;
    }
    [s, c] = [f / r, g / r];
    g = d[i + 1] - p;
    const t = (d[i] - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
    rotate(basis, n, i, s, c);
  }
  d[first] -= p;
  e[first] = g;
  e[last] = 0;
}

function rotate(basis: Matrix, n: number, i: number, s: number, c: number): void {
  for (let low = i * n, high = low + n; low < (i + 1) * n; low++, high++) {
    const x = basis[low];
    const y = basis[high];
    basis[high] = s * x + c * y;
    basis[low] = c * x - s * y;
  }
}

/** f(A): the matrix with A's eigenvectors and f of its eigenvalues. */
export function spectralMap({ values, vectors }: Eigen, f: (value: number) => number): Matrix {
  const n = values.length;
  const result = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    const [weight, row] = [f(values[k]), k * n];
    for (let i = 0; weight !== 0 && i < n; i++) {
      const left = weight * vectors[row + i];
      for (let j = 0; j < n; j++) {
        result[i * n + j] += left * vectors[row + j];
      }
    }
  }
  return result;
}

/** A B of n x n matrices. */
export function multiply(a: Matrix, b: Matrix, n: number): Matrix {
  const product = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const left = a[i * n + k];
      for (let j = 0; j < n; j++) {
        product[i * n + j] += left * b[k * n + j];
      }
    }
  }
  return product;
}

export function identity(n: number): Matrix {
  return Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
}

/** a A + b B. */
export function combine(a: number, left: Matrix, b: number, right: Matrix): Matrix {
  return left.map((value, i) => a * value + b * right[i]);
}

/** The nearest positive semidefinite matrix in the Frobenius norm (Higham 1988): negative eigenvalues become 0. */
export function positivePart(matrix: Matrix, n: number): Matrix {
  return spectralMap(eigenSymmetric(matrix, n), value => Math.max(value, 0));
}

function norm(v: Float64Array): number {
  let sum = 0;
  for (const value of v) {
    sum += value * value;
  }
  return Math.sqrt(sum);
}
