import { VeilError } from '../../../protocol';
import { type Check } from '../check';
import { equal } from './resend';

/** Fail open: something leaves where nothing may. */
export function refusals(): Check {
  return {
    name: 'refusals',
    title:
      'Nothing leaves for activations that are not finite or for an ALPHA outside the knots, nor is anything else changed by them',
    async probe({ sender, obfuscation, samples, alphas }, _, evidence) {
      const { knots } = obfuscation.document;
      const [first, last] = [knots[0].alpha, knots[knots.length - 1].alpha];
      const { activation } = samples[0];
      const alpha = alphas[0];
      const before = (await sender.send(activation.slice(), alpha)).slice();
      const broken = (value: number, at: (i: number) => boolean) => activation.map((v, i) => (at(i) ? value : v));
      const middle = activation.length >> 1;
      const asked: [string, Float32Array, number][] = [
        ['all NaN', broken(NaN, () => true), alpha],
        ['one NaN', broken(NaN, i => i === middle), alpha],
        ['one infinity', broken(Infinity, i => i === activation.length - 1), alpha],
        ['one negative infinity', broken(-Infinity, i => i === 0), alpha],
        ['an ALPHA below the knots', activation, first / 2],
        ['an ALPHA above the knots', activation, (1 + last) / 2],
        ['ALPHA 0', activation, 0],
        ['ALPHA 1', activation, 1],
        ['ALPHA NaN', activation, NaN]
      ];
      for (const [name, given, strength] of asked) {
        const answer = await sender.send(given.slice(), strength).then(
          () => 'a tensor left',
          (thrown: unknown) => (thrown instanceof VeilError ? null : `it failed otherwise (${String(thrown)})`)
        );
        evidence.certain(answer === null, () => `${name}: ${answer}`);
      }
      const after = await sender.send(activation.slice(), alpha);
      evidence.certain(equal(after, before), () => 'after refusals another tensor left for the same activation');
    }
  };
}
