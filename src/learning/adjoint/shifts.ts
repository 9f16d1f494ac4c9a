import { type Tape } from './tape';
import { type Windows } from './windows';

/** [N, channels, spatial…] -> [channels, N, spatial…]: all positions of a channel side by side. */
export function channelsFirst(tape: Tape, tensor: string, { input }: Windows): string {
  const perm = [1, 0, ...input.map((_, i) => i + 2)];
  return tape.once(JSON.stringify(['channels first', tensor]), () => tape.emit('Transpose', [tensor], { perm }));
}

/**
 * What windows see under each of their taps, in row-major order of taps. Convolutions that look at one tensor in the same
 * way share it.
 * @param source [channels, N, input…]
 * @returns for each tap [channels, N, output…]
 */
export function shifted(tape: Tape, source: string, windows: Windows): string[] {
  const { input, output, kernel, strides, dilations, begin, end } = windows;
  const whole = [...begin, ...end].some(n => n > 0)
    ? tape.once(JSON.stringify(['padded', source, begin, end]), () =>
        tape.emit('Pad', [source, tape.integers([0, 0, ...begin, 0, 0, ...end])])
      )
    : source;
  return tapsOf(kernel).map(tap => {
    const from = tap.map((at, i) => at * dilations[i]);
    const to = from.map((at, i) => at + (output[i] - 1) * strides[i] + 1);
    if (from.every((at, i) => at === 0 && to[i] === input[i] + begin[i] + end[i] && strides[i] === 1)) {
      return whole;
    }
    return tape.once(JSON.stringify(['shifted', whole, from, to, strides]), () => {
      const axes = tap.map((_, i) => i + 2);
      return tape.emit('Slice', [whole, ...[from, to, axes, strides].map(values => tape.integers(values))]);
    });
  });
}

/** The positions of a kernel, row-major. */
function tapsOf(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>((taps, n) => taps.flatMap(tap => Array.from({ length: n }, (_, at) => [...tap, at])), [[]]);
}
