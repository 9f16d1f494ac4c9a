import { type RadialBins } from './radial-bins';
import { type Matrix } from './symmetric';

/**
 * The orthogonal Hartley matrix, cas(2 pi u x / n) / sqrt(n) with cas = cos + sin: real, symmetric, its own inverse
 * (Bracewell 1983). Applied to both axes of a real field it mixes each frequency only with its mirror images, which lie
 * on the same radius; so what is one real matrix per radial bin in the Fourier domain is the same matrix here.
 */
export function hartleyMatrix(n: number): Matrix {
  return Float64Array.from({ length: n * n }, (_, i) => {
    const angle = (2 * Math.PI * ((Math.floor(i / n) * (i % n)) % n)) / n;
    return (Math.cos(angle) + Math.sin(angle)) / Math.sqrt(n);
  });
}

/** The radial bin of each of the H x W Hartley coefficients, row-major. */
export function hartleyBins({ frequencies: { height, width, columns }, of }: RadialBins): Uint8Array {
  return Uint8Array.from({ length: height * width }, (_, i) => {
    const column = i % width;
    return of[Math.floor(i / width) * columns + Math.min(column, width - column)];
  });
}
