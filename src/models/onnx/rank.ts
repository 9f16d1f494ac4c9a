import { integer } from './attributes';
import { type NodeProto } from './generated/onnx_pb';
import { type GraphView } from './graph';
import { dimsOf, elements, FLOAT, floatsOf } from './tensors';

/** How much of an activation's channel space a tail can see. */
export interface DirectionsRead {
  /** Channels of the activation: its second axis. */
  channels: number;
  /** Directions of the channel space that reach a weight; the others can be drowned in noise at no cost. */
  rank: number;
  /** The operator that takes every channel for itself, where one does: then rank = channels. */
  because?: string;
}

/** Linear operators that treat every channel alike: the directions read behind them are those read through them. */
const CHANNELWISE = ['Pad', 'AveragePool', 'GlobalAveragePool', 'Identity', 'Neg'];

/**
 * Rank of the stacked weights with which the consumers of an activation read it, each unfolded to rows of one value
 * per channel: a Conv's [M, C/group, k…] to M k… rows, a Gemm's to its outputs.
 * @param shape of the activation, [N, C, …]
 */
export function directionsRead(view: GraphView, tensor: string, shape: readonly number[]): DirectionsRead {
  const channels = shape[1] ?? 0;
  const rows: Float64Array[] = [];
  const open = [tensor];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const node of view.consumers.get(name) ?? []) {
      const weights = unfold(view, node, channels, shape.length);
      if (weights) {
        rows.push(...weights);
      } else if (CHANNELWISE.includes(node.opType) && node.input[0] === name) {
        open.push(node.output[0]);
      } else if (node.opType !== 'Shape') {
        return { channels, rank: channels, because: node.opType };
      }
    }
  }
  return { channels, rank: rankOf(rows, channels) };
}

function unfold(view: GraphView, node: NodeProto, channels: number, axes: number): Float64Array[] | undefined {
  const tensor = view.constant(node.input[1] ?? '');
  if (!tensor || tensor.dataType !== FLOAT) {
    return undefined;
  }
  const dims = dimsOf(tensor);
  if (node.opType === 'Gemm' && axes === 2 && !integer(node, 'transA', 0)) {
    const [stride, step] = integer(node, 'transB', 0) ? [dims[1], 1] : [1, dims[1]];
    const weights = floatsOf(tensor);
    const outputs = weights.length / channels;
    return Array.from({ length: outputs }, (_, m) =>
      Float64Array.from({ length: channels }, (__, c) => weights[m * stride + c * step])
    );
  }
  return node.opType === 'Conv' ? unfoldConv(floatsOf(tensor), dims, integer(node, 'group', 1), channels) : undefined;
}

function unfoldConv(
  weights: Float32Array,
  [outputs, perGroup, ...kernel]: number[],
  groups: number,
  channels: number
): Float64Array[] {
  const taps = elements(kernel);
  const rows: Float64Array[] = [];
  for (let m = 0; m < outputs; m++) {
    const first = Math.floor((m * groups) / outputs) * perGroup;
    for (let tap = 0; tap < taps; tap++) {
      const row = new Float64Array(channels);
      for (let c = 0; c < perGroup; c++) {
        row[first + c] = weights[(m * perGroup + c) * taps + tap];
      }
      rows.push(row);
    }
  }
  return rows;
}

/** A row whose part outside the others' span is smaller than this, relative to itself, is rounding of float32 weights. */
const NEGLIGIBLE = 1e-6;

/**
 * Numerical rank by modified Gram-Schmidt, each row made orthogonal twice, which holds it so to rounding
 * (Giraud, Langou and Rozloznik 2005). Ends as soon as the rank is full.
 */
export function rankOf(rows: Iterable<Float64Array>, full: number): number {
  const basis: Float64Array[] = [];
  for (const row of rows) {
    const rest = Float64Array.from(row);
    const length = norm(row);
    for (const direction of [...basis, ...basis]) {
      subtract(rest, direction);
    }
    const left = norm(rest);
    if (left > NEGLIGIBLE * length) {
      basis.push(rest.map(value => value / left));
    }
    if (basis.length === full) {
      break;
    }
  }
  return basis.length;
}

function norm(row: Float64Array): number {
  return Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
}

function subtract(row: Float64Array, direction: Float64Array): void {
  let along = 0;
  for (let i = 0; i < row.length; i++) {
    along += row[i] * direction[i];
  }
  for (let i = 0; i < row.length; i++) {
    row[i] -= along * direction[i];
  }
}
