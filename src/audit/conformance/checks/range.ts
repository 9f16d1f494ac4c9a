import { type Check } from '../check';
import { Declared } from '../declared';
import { observe, Strength, type Tensor } from '../observe';
import { sharedNoise } from './fresh';
import { power } from './power';

/** Activations that no frame gives, and ones that a broken one may. */
const ODD: Record<string, (value: number, i: number) => number> = {
  'an activation a thousand times too large': value => 1e3 * value,
  'the same with its sign turned': value => -1e3 * value,
  'the largest values': () => 3e38,
  'the least values': () => -3e38,
  'large values of both signs in turn': (_, i) => (i % 2 === 0 ? 1e6 : -1e6),
  zeros: () => 0,
  'negative zeros': () => -0,
  'values near the least that float32 has': (_, i) => (i % 2 === 0 ? 1e-40 : -1e-40)
};

/** Overflow at the clamp, clamping after the noise, zeros that stay zeros. */
export function range(): Check {
  return {
    name: 'range',
    title: 'What no photograph gives is clamped to the learned range and then gets the declared noise',
    async probe({ sender, obfuscation, samples, alphas }, _, evidence) {
      for (const alpha of new Set([alphas[0], alphas[alphas.length - 1]])) {
        const declared = new Declared(obfuscation, alpha);
        const { shape, bins, counts, deviations } = declared;
        const area = shape[1] * shape[2];
        const tensors: Tensor[] = [];
        for (const [name, value] of Object.entries(ODD)) {
          const activation = samples[0].activation.map(value);
          const tensor = await observe(sender, declared, { ...samples[0], activation }, name);
          tensors.push(tensor);
          evidence.certain(tensor.z.every(Number.isFinite), () => `${name} gave values that are not finite at ALPHA ${alpha}`);
          for (let c = 0; c < shape[0]; c++) {
            for (let i = c * area; i < (c + 1) * area; i++) {
              evidence.normal(
                tensor.noise[i] / deviations[c],
                () => `${name}, channel ${c}, position ${i % area}, ALPHA ${alpha}`
              );
            }
            const values = tensor.flat.subarray(c * area, (c + 1) * area);
            const square = values.reduce((sum, v) => sum + v * v, 0);
            evidence.chiSquare(square, area, () => `${name}, strength of channel ${c}, ALPHA ${alpha}`);
            const sum = values.reduce((a, b) => a + b, 0);
            evidence.normal(sum / Math.sqrt(area), () => `${name}, mean of channel ${c}, ALPHA ${alpha}`);
            evidence.normal(tensor.white[c * area], () => `${name}, level of channel ${c}, ALPHA ${alpha}`);
          }
        }
        // Some are the same once they are clamped, and then the same tensor.
        const distinct = tensors.filter((tensor, k) => tensors.slice(0, k).every(other => !same(declared, other, tensor)));
        power().examine!(new Strength(declared, distinct, []), evidence);
        sharedNoise(distinct, bins, counts.length, evidence, `ALPHA ${alpha}`);
      }
    }
  };
}

function same(declared: Declared, a: Tensor, b: Tensor): boolean {
  const [x, y] = [declared.quantised(a.activation), declared.quantised(b.activation)];
  return x.every((value, i) => value === y[i]);
}
