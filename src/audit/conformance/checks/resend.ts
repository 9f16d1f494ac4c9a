import { type Check } from '../check';
import { variant } from '../variants';

/** Fresh noise at a re-send is a second look: averaging takes the noise away. */
export function resend(): Check {
  return {
    name: 'resend',
    title: 'The same activation at the same ALPHA is the same tensor throughout one life, and another one in another life',
    async probe({ sender, obfuscation, samples, alphas }, _, evidence) {
      const activations = [0, 1, 2, 3].map(k => variant(obfuscation, samples, k));
      const send = async (activation: Float32Array, alpha: number, of = sender) =>
        (await of.send(activation.slice(), alpha)).slice();
      const ends = [alphas[0], alphas[alphas.length - 1]];
      for (const alpha of new Set(ends)) {
        const first: Float32Array[] = [];
        for (const activation of activations) {
          first.push(await send(activation, alpha));
        }
        // Another ALPHA in between, and the images in another order.
        const { knots } = obfuscation.document;
        await send(activations[0], knots.find(knot => knot.alpha !== alpha)?.alpha ?? alpha);
        for (const k of [2, 0, 3, 1, 1]) {
          const same = equal(await send(activations[k], alpha), first[k]);
          evidence.certain(same, () => `activation ${k} sent again at ALPHA ${alpha} gave another tensor`);
        }
        const next = await sender.restart();
        try {
          const other = await send(activations[0], alpha, next);
          evidence.certain(!equal(other, first[0]), () => `another life gave the same tensor at ALPHA ${alpha}`);
          const same = equal(await send(activations[0], alpha, next), other);
          evidence.certain(same, () => `activation 0 sent again in another life at ALPHA ${alpha} gave another tensor`);
        } finally {
          await next.close();
        }
      }
    }
  };
}

export function equal(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
