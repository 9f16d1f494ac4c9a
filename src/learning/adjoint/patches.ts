import { elements } from '../../models/onnx/tensors';
import { type Tape } from './tape';
import { type Windows } from './windows';

/**
 * What a convolution's windows see, as matrices: [N, groups, taps x perGroup, positions], the channels of one tap side by
 * side. Convolutions that look at one tensor in the same way share it.
 * @param input [N, groups x perGroup, spatial…]
 */
export function patchesOf(tape: Tape, input: string, group: number, perGroup: number, windows: Windows): string {
  const { kernel, strides, dilations, begin, end } = windows;
  const key = JSON.stringify(['patches', input, group, kernel, strides, dilations, begin, end]);
  return tape.once(key, () => {
    const taps = elements(kernel);
    const seen = tapsOf(kernel).map(tap => seenBy(tape, tap, padded(tape, input, windows), windows));
    const all = seen.length > 1 ? tape.emit('Concat', seen, { axis: 1 }) : seen[0];
    if (group === 1 || taps === 1) {
      return tape.emit('Reshape', [all, tape.integers([0, group, taps * perGroup, -1])]);
    }
    const split = tape.emit('Reshape', [all, tape.integers([0, taps, group, perGroup, -1])]);
    const byGroup = tape.emit('Transpose', [split], { perm: [0, 2, 1, 3, 4] });
    return tape.emit('Reshape', [byGroup, tape.integers([0, group, taps * perGroup, -1])]);
  });
}

function padded(tape: Tape, input: string, { begin, end }: Windows): string {
  return [...begin, ...end].some(n => n > 0)
    ? tape.once(JSON.stringify(['padded', input, begin, end]), () =>
        tape.emit('Pad', [input, tape.integers([0, 0, ...begin, 0, 0, ...end])])
      )
    : input;
}

/** Of each window the position under one tap: [N, channels, output…]. */
function seenBy(tape: Tape, tap: readonly number[], source: string, windows: Windows): string {
  const { input, output, strides, dilations, begin, end } = windows;
  const from = tap.map((at, i) => at * dilations[i]);
  const to = from.map((at, i) => at + (output[i] - 1) * strides[i] + 1);
  const isWhole = from.every((at, i) => at === 0 && to[i] === input[i] + begin[i] + end[i] && strides[i] === 1);
  const axes = tap.map((_, i) => i + 2);
  return isWhole ? source : tape.emit('Slice', [source, ...[from, to, axes, strides].map(values => tape.integers(values))]);
}

/** The positions of a kernel, row-major. */
function tapsOf(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>((taps, n) => taps.flatMap(tap => Array.from({ length: n }, (_, at) => [...tap, at])), [[]]);
}
