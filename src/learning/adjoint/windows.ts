import { integers, text } from '../../models/onnx/attributes';
import { type NodeProto } from '../../models/onnx/generated/onnx_pb';
import { type Tape } from './tape';

/** How a Conv or pooling node moves over its spatial axes; one number per axis. */
export interface Windows {
  input: number[];
  output: number[];
  kernel: number[];
  strides: number[];
  dilations: number[];
  begin: number[];
  end: number[];
}

/** @param kernel where the node does not say it: the spatial part of its weights' shape */
export function windowsOf(node: NodeProto, tape: Tape, kernel = integers(node, 'kernel_shape') ?? []): Windows {
  const [input, output] = [tape.spatial(node.input[0]), tape.spatial(node.output[0])];
  const axes = input.map((_, i) => i);
  const strides = integers(node, 'strides') ?? axes.map(() => 1);
  const dilations = integers(node, 'dilations') ?? axes.map(() => 1);
  const pads = integers(node, 'pads') ?? axes.flatMap(() => [0, 0]);
  const automatic = text(node, 'auto_pad', 'NOTSET');
  let [begin, end] = [pads.slice(0, axes.length), pads.slice(axes.length)];
  if (automatic.startsWith('SAME')) {
    const total = axes.map(i => Math.max((output[i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - input[i], 0));
    const [less, more] = [total.map(n => Math.floor(n / 2)), total.map(n => Math.ceil(n / 2))];
    [begin, end] = automatic === 'SAME_UPPER' ? [less, more] : [more, less];
  } else if (automatic === 'VALID') {
    [begin, end] = [axes.map(() => 0), axes.map(() => 0)];
  }
  return { input, output, kernel, strides, dilations, begin, end };
}

/**
 * How windows of stride 1 look from the outputs: which of them each input reaches, under the same taps from last to first.
 * Undefined where the strides are others, or it would take negative pads.
 */
export function turned(windows: Windows): Windows | undefined {
  const { input, output, kernel, strides, dilations } = windows;
  const [begin, end] = [windows.begin, windows.end].map(side => side.map((n, i) => (kernel[i] - 1) * dilations[i] - n));
  if (strides.some(n => n !== 1) || [...begin, ...end].some(n => n < 0)) {
    return undefined;
  }
  return { ...windows, input: output, output: input, begin, end };
}

/**
 * The adjoint of a convolution is the transposed convolution with the same weights, strides and pads (Dumoulin and Visin
 * 2016, arXiv:1603.07285). Positions at the end that the windows did not reach get a gradient of nothing: output_padding.
 * @param weights [outputs, inputs/groups, kernel…]; @param gradient of the output. Returns the gradient of the input.
 */
export function convTranspose(tape: Tape, gradient: string, weights: string, group: number, windows: Windows): string {
  const { input, output, kernel, strides, dilations, begin, end } = windows;
  const reached = output.map((n, i) => strides[i] * (n - 1) + (kernel[i] - 1) * dilations[i] + 1 - begin[i] - end[i]);
  return tape.emit('ConvTranspose', [gradient, weights], {
    group,
    strides,
    dilations,
    pads: [...begin, ...end],
    output_padding: input.map((n, i) => n - reached[i])
  });
}
