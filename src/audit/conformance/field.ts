import { hartleyMatrix } from '../../numerics/hartley';

/** [C,H,W] of an activation. */
export type Shape = readonly [number, number, number];

/** Separable orthogonal Hartley transforms of fields of one shape. */
export class FieldTransform {
  private readonly tall: Float64Array;
  private readonly wide: Float64Array;

  constructor(readonly shape: Shape) {
    this.tall = hartleyMatrix(shape[1]);
    this.wide = hartleyMatrix(shape[2]);
  }

  /** Of every channel, [C,H,W] to [C,H,W]; its own inverse. */
  of(values: ArrayLike<number>): Float32Array {
    const [, H, W] = this.shape;
    const out = new Float32Array(values.length);
    const between = new Float64Array(H * W);
    const row = new Float64Array(W);
    for (let at = 0; at < out.length; at += H * W) {
      for (let y = 0; y < H; y++) {
        row.fill(0);
        for (let x = 0; x < W; x++) {
          const value = values[at + y * W + x];
          for (let v = 0; v < W; v++) {
            row[v] += value * this.wide[x * W + v];
          }
        }
        between.set(row, y * W);
      }
      for (let u = 0; u < H; u++) {
        row.fill(0);
        for (let y = 0; y < H; y++) {
          const factor = this.tall[u * H + y];
          for (let v = 0; v < W; v++) {
            row[v] += factor * between[y * W + v];
          }
        }
        out.set(row, at + u * W);
      }
    }
    return out;
  }
}
