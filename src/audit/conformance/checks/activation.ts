import { type Check, type Subject } from '../check';
import { type Evidence } from '../evidence';
import { type Tensor } from '../observe';

/** Noise that knows the picture: scaled, shifted or signed by what it hides. */
export function activation({ obfuscation }: Pick<Subject, 'obfuscation'>): Check {
  const { activation_mean: centre } = obfuscation.statistics;
  return {
    name: 'activation',
    title: 'The noise does not depend on the activation or the image',
    examine({ alpha, declared, all }, evidence) {
      const [C, H, W] = declared.shape;
      const where = `ALPHA ${alpha}`;
      const sums = new Map<string, { z: number; tensors: number }>();
      const along = (name: string, values: Float32Array, probe: Float32Array) => {
        const z = projection(values, probe);
        if (z !== null) {
          const before = sums.get(name) ?? { z: 0, tensors: 0 };
          sums.set(name, { z: before.z + z, tensors: before.tensors + 1 });
          evidence.normal(z, () => `${name}, ${where}`);
        }
      };
      const classes = new Classes();
      for (const tensor of all) {
        const field = tensor.activation.map((value, i) => value - centre[i]);
        const sizes = field.map(Math.abs);
        along('whitened activation', tensor.white, declared.whitened(field));
        along('spectrum of the activation', tensor.white, declared.transform.of(field));
        along('activation', tensor.flat, field);
        along('sizes of the activation', tensor.flat, sizes);
        along('brightness of the image', tensor.flat, repeated(tensor.brightness, C));
        for (let c = 0; c < C; c++) {
          const part = (values: Float32Array) => values.subarray(c * H * W, (c + 1) * H * W);
          along(`activation of channel ${c}`, part(tensor.flat), part(field));
          along(`sizes of the activation of channel ${c}`, part(tensor.flat), part(sizes));
          along(`brightness of the image, in channel ${c}`, part(tensor.flat), tensor.brightness);
        }
        classes.add(tensor, field);
      }
      sums.forEach(({ z, tensors }, name) =>
        evidence.normal(z / Math.sqrt(tensors), () => `${name} over ${tensors} tensors, ${where}`)
      );
      classes.weigh(evidence, where);
    }
  };
}

/** Standard normal for values that are and know nothing of the probe; null where that is zero or has no length. */
function projection(values: Float32Array, probe: Float32Array): number | null {
  let [product, square] = [0, 0];
  for (let i = 0; i < probe.length; i++) {
    product += values[i] * probe[i];
    square += probe[i] ** 2;
  }
  return square > 0 && Number.isFinite(square) ? product / Math.sqrt(square) : null;
}

function repeated(plane: Float32Array, times: number): Float32Array {
  const all = new Float32Array(plane.length * times);
  for (let c = 0; c < times; c++) {
    all.set(plane, c * plane.length);
  }
  return all;
}

/** Mean and strength of the noise where the activation is high, low, far from its mean, or zero. */
class Classes {
  private readonly values = new Float64Array(5);
  private readonly squares = new Float64Array(5);
  private readonly counts = new Float64Array(5);

  add({ flat, activation: given }: Tensor, field: Float32Array): void {
    let square = 0;
    for (const value of field) {
      square += value * value;
    }
    const usual = Math.sqrt(square / field.length);
    for (let i = 0; i < field.length; i++) {
      const of = given[i] === 0 ? 4 : (field[i] > 0 ? 2 : 0) + (Math.abs(field[i]) > usual ? 1 : 0);
      this.values[of] += flat[i];
      this.squares[of] += flat[i] ** 2;
      this.counts[of]++;
    }
  }

  weigh(evidence: Evidence, where: string): void {
    const names = ['a little below its mean', 'far below its mean', 'a little above its mean', 'far above its mean', 'zero'];
    names.forEach((name, of) => {
      const n = this.counts[of];
      if (n > 0) {
        evidence.normal(this.values[of] / Math.sqrt(n), () => `mean where the activation is ${name}, ${where}`);
        evidence.chiSquare(this.squares[of], n, () => `strength where the activation is ${name}, ${where}`);
      }
    });
  }
}
