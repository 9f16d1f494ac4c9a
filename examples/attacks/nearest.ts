/**
 * An attack of one's own for `veilbook audit --attack examples/attacks/nearest.ts`: the mean of those of the attacker's own
 * images whose clean activations are nearest to the tensor. With few images of its own it finds little: what it shows is
 * the interface (docs/audit.md).
 */
import type { Attack } from '../../src/audit/attack';

const NEIGHBOURS = 8;

const attack: Attack = {
  name: 'nearest',
  title: 'mean of the nearest of its own images',
  inputs: ['denoised'],
  quick: true,
  async learn({ images, progress }) {
    progress(1);
    return {
      async reconstruct(z) {
        const distances = images.map(({ activation }) => activation.reduce((sum, value, i) => sum + (value - z[i]) ** 2, 0));
        const order = distances.map((_, i) => i).sort((a, b) => distances[a] - distances[b]);
        const nearest = order.slice(0, NEIGHBOURS).map(i => images[i].target);
        return nearest[0].map((_, i) => nearest.reduce((sum, target) => sum + target[i], 0) / nearest.length);
      },
      training: null,
      async close() {}
    };
  }
};

export default attack;
