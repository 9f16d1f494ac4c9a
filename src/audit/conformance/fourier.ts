/**
 * Sums over fields of x_i x_(i+lag), for every lag from 0: by the squared Fourier transform (Wiener and Khinchin), with
 * zeros behind so that the end does not meet the start.
 * @param fields of one length n
 * @returns n sums
 */
export function autocorrelation(fields: readonly Float32Array[]): Float64Array {
  const n = fields[0].length;
  const size = 2 ** Math.ceil(Math.log2(2 * n));
  const power = new Float64Array(size);
  for (const field of fields) {
    const [re, im] = [new Float64Array(size), new Float64Array(size)];
    re.set(field);
    transform(re, im);
    for (let k = 0; k < size; k++) {
      power[k] += re[k] ** 2 + im[k] ** 2;
    }
  }
  transform(power, new Float64Array(size));
  return power.subarray(0, n).map(value => value / size);
}

/** The Fourier transform in place, of 2^k values (Cooley and Tukey 1965). */
function transform(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) {
      j ^= bit;
    }
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
  }
  const cos = Float64Array.from({ length: n / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / n));
  const sin = Float64Array.from({ length: n / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / n));
  for (let half = 1; half < n; half *= 2) {
    const stride = n / (2 * half);
    for (let start = 0; start < n; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const [a, b] = [start + k, start + k + half];
        const x = re[b] * cos[k * stride] - im[b] * sin[k * stride];
        const y = re[b] * sin[k * stride] + im[b] * cos[k * stride];
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] += x;
        im[a] += y;
      }
    }
  }
}
