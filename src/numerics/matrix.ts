import { type Matrix } from './symmetric';

/** A^-1 B by Cholesky's factors of the symmetric positive definite A [n, n]; B is [n, m]. */
export function solve(A: Matrix, B: Matrix, n: number, m: number): Matrix {
  const factor = cholesky(A, n);
  const x = B.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) {
      subtractRow(x, i, factor[i * n + k], k, m);
    }
    divideRow(x, i, factor[i * n + i], m);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) {
      subtractRow(x, i, factor[k * n + i], k, m);
    }
    divideRow(x, i, factor[i * n + i], m);
  }
  return x;
}

/**
 * Lower triangular L with L L^T = A.
 * @throws RangeError when A is not positive definite
 */
export function cholesky(A: Matrix, n: number): Matrix {
  const L = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = A[i * n + j];
      for (let k = 0; k < j; k++) {
        rest -= L[i * n + k] * L[j * n + k];
      }
      if (i === j && !(rest > 0)) {
        throw new RangeError('The matrix is not positive definite.');
      }
      L[i * n + j] = i === j ? Math.sqrt(rest) : rest / L[j * n + j];
    }
  }
  return L;
}

export function trace(matrix: Matrix, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum += matrix[i * (n + 1)];
  }
  return sum;
}

/** tr(A^T B): the sum of the products of their values. */
export function dot(a: Matrix, b: Matrix): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += a[i] * b[i];
  }
  return sum;
}

/** tr(W^T A W) for W [n, m]. */
export function quadratic(W: Matrix, A: Matrix, n: number, m: number): number {
  let sum = 0;
  const row = new Float64Array(m);
  for (let i = 0; i < n; i++) {
    row.fill(0);
    for (let k = 0; k < n; k++) {
      const weight = A[i * n + k];
      for (let j = 0; j < m; j++) {
        row[j] += weight * W[k * m + j];
      }
    }
    for (let j = 0; j < m; j++) {
      sum += W[i * m + j] * row[j];
    }
  }
  return sum;
}

function subtractRow(x: Matrix, to: number, factor: number, from: number, m: number): void {
  for (let j = 0; j < m; j++) {
    x[to * m + j] -= factor * x[from * m + j];
  }
}

function divideRow(x: Matrix, row: number, divisor: number, m: number): void {
  for (let j = 0; j < m; j++) {
    x[row * m + j] /= divisor;
  }
}

/** A B for A [n, k] and B [k, m]. */
export function product(A: Matrix, B: Matrix, n: number, k: number, m: number): Matrix {
  const C = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let l = 0; l < k; l++) {
      const factor = A[i * k + l];
      for (let j = 0; j < m; j++) {
        C[i * m + j] += factor * B[l * m + j];
      }
    }
  }
  return C;
}

/** A^T for A [n, m]. */
export function transpose(A: Matrix, n: number, m: number): Matrix {
  return Float64Array.from({ length: n * m }, (_, i) => A[(i % n) * m + Math.floor(i / n)]);
}
