import { type Check } from '../check';
import { Declared } from '../declared';
import { variant } from '../variants';

/** Values of the noise, in steps of the grid, by which it is known again: two alike by chance are out of the question. */
const MARK = 12;

/** A seed of few bits, a counter that wraps: among n tensors it shows as n^2 / 2 pairs. */
export function repeats(): Check {
  return {
    name: 'repeats',
    title: 'Among many tensors no noise comes twice',
    async probe({ sender, obfuscation, samples, alphas, signal }, draws, evidence) {
      const alpha = alphas[0];
      const declared = new Declared(obfuscation, alpha);
      const seen = new Map<string, number>();
      const size = samples[0].activation.length;
      const places = Array.from({ length: MARK }, (_, k) => Math.floor((k * size) / MARK));
      for (let k = 0; k < draws.repeats; k++) {
        signal.throwIfAborted();
        const activation = variant(obfuscation, samples, k);
        const z = await sender.send(activation, alpha);
        const mark = places.map(place => Math.round((z[place] - declared.quantisedAt(activation, place)) / declared.step)).join();
        const before = seen.get(mark);
        evidence.certain(before === undefined, () => `tensors ${before} and ${k} have the same noise at ALPHA ${alpha}`);
        seen.set(mark, k);
      }
    }
  };
}
