/**
 * Sums over fields of x_i x_(i+lag), for every lag from 0: by the squared Fourier transform (Wiener and Khinchin), with
 * zeros behind so that the end does not meet the start.
 * @param fields of one length n
 * @returns n sums
 */
export function autocorrelation(fields: readonly Float32Array[]): Float64Array {
  const n = fields[0].length;
  const size = 2 ** Math.ceil(Math.log2(2 * n));
  const turns = turnsOf(size);
  const power = new Float64Array(size);
  for (let k = 0; k < fields.length; k += 2) {
    // Two real fields as one complex one: their powers add up once a frequency and its mirror image are summed.
    const [re, im] = [new Float64Array(size), new Float64Array(size)];
    re.set(fields[k]);
    im.set(fields[k + 1] ?? []);
    transform(re, im, turns);
    for (let f = 0; f < size; f++) {
      const mirror = (size - f) % size;
      power[f] += (re[f] ** 2 + im[f] ** 2 + re[mirror] ** 2 + im[mirror] ** 2) / 2;
    }
  }
  transform(power, new Float64Array(size), turns);
  return power.subarray(0, n).map(value => value / size);
}

interface Turns {
  cos: Float64Array;
  sin: Float64Array;
}

function turnsOf(n: number): Turns {
  return {
    cos: Float64Array.from({ length: n / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / n)),
    sin: Float64Array.from({ length: n / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / n))
  };
}

/** The Fourier transform in place, of 2^k values (Cooley and Tukey 1965). */
function transform(re: Float64Array, im: Float64Array, { cos, sin }: Turns): void {
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
