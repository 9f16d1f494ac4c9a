import { type Check } from '../check';
import { Declared } from '../declared';
import { observe, type Tensor } from '../observe';
import { nudged } from '../variants';
import { sharedNoise } from './fresh';

const PLACES = 10;

/** An epsilon that follows from part of the activation: two frames that differ elsewhere share it. */
export function neighbours(): Check {
  return {
    name: 'neighbours',
    title: 'Activations that differ by one step of the grid in one value share no noise',
    async probe({ sender, obfuscation, samples, alphas }, _, evidence) {
      const alpha = alphas[alphas.length - 1];
      const declared = new Declared(obfuscation, alpha);
      const { activation } = samples[0];
      const seen: Tensor[] = [await observe(sender, declared, samples[0], 'an activation')];
      for (let k = 0; k < PLACES; k++) {
        const place = Math.round((k * (activation.length - 1)) / (PLACES - 1));
        const next = { ...samples[0], activation: nudged(obfuscation, activation, place, 1) };
        seen.push(await observe(sender, declared, next, `the same with value ${place} a step on`));
      }
      sharedNoise(seen, declared.bins, declared.counts.length, evidence, `ALPHA ${alpha}`);
    }
  };
}
