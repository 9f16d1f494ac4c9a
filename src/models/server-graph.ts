import { clone } from '@bufbuild/protobuf';
import { VeilError } from '../protocol';
import { type Matrix } from '../numerics/symmetric';
import { type Weights } from './artefact-content';
import { denoiser } from './denoiser-graph';
import { type Piece } from './layers';
import { type OnnxModel } from './onnx';
import { model, node, port, withGraph } from './onnx/build';
import { NodeProtoSchema, type NodeProto, type TensorProto } from './onnx/generated/onnx_pb';
import { GraphView, readsOf } from './onnx/graph';
import { raiseOpset } from './onnx/opset';
import { dimsOf, floatTensor } from './onnx/tensors';
import { spectralMap, type SpectralField } from './spectral-map';

/** The Wiener filter of one strength: a = mean + W x for the Hartley coefficients x of z - mean in each bin. */
export interface FilterParts extends SpectralField {
  /** Mean activation, [C,H,W]. */
  mean: Float32Array;
  /** W = Saa (Saa + S)^-1 per bin, [C,C]. */
  matrices: readonly Matrix[];
}

export interface ServerParts {
  filter: FilterParts;
  /** `denoiser.0…2.weight` and `.bias`. */
  denoiser?: Weights;
  /** Initialisers of the tail, by name, in the place of its own. */
  tail?: Weights;
}

/** What of a knot's weights belongs to the denoiser, and what to the tail. */
export function serverWeights(weights: Weights): Pick<ServerParts, 'denoiser' | 'tail'> {
  const entries = Object.entries(weights);
  const part = (isDenoiser: boolean) => entries.filter(([name]) => name.startsWith('denoiser.') === isDenoiser);
  const [first, second] = [part(true), part(false)];
  return {
    ...(first.length > 0 && { denoiser: Object.fromEntries(first) }),
    ...(second.length > 0 && { tail: Object.fromEntries(second) })
  };
}

/**
 * The server's side as one graph: spectral filter, then denoiser, then the tail. Its input is the tail's, by name and
 * shape, and takes the noisy activation; its outputs are the tail's.
 * @throws VeilError `model_mismatch` for a tail of another form, `artefact_mismatch` for weights that it has not
 */
export function serverGraph(tail: OnnxModel, parts: ServerParts): OnnxModel {
  const raised = raiseOpset(tail);
  const { graph } = raised;
  const view = new GraphView(raised);
  const [input, ...others] = view.inputs;
  if (input === undefined || others.length > 0) {
    throw new VeilError(
      'model_mismatch',
      `The tail has ${view.inputs.length} inputs. Nothing was run.`,
      'A tail takes one activation.'
    );
  }
  const ends = 'server activation';
  const filtered = parts.denoiser ? 'server filtered' : ends;
  const pieces: Piece[] = [filter(input, filtered, parts.filter)];
  if (parts.denoiser) {
    pieces.push(denoiser(filtered, ends, parts.denoiser));
  }
  return withGraph(raised, {
    name: `server side of ${graph.name}`,
    node: [...pieces.flatMap(({ nodes }) => nodes), ...graph.node.map(old => reading(old, input, ends))],
    initializer: [...pieces.flatMap(({ initialisers }) => initialisers), ...replaced(graph.initializer, parts.tail ?? {})],
    valueInfo: []
  });
}

/** The filter alone, from `noisy` to `activation`, both [N,C,H,W]. */
export function filterGraph(parts: FilterParts): OnnxModel {
  const { nodes, initialisers } = filter('noisy', 'activation', parts);
  const shape = ['N', ...parts.shape];
  return model({
    name: 'spectral filter',
    nodes,
    initialisers,
    inputs: [port('noisy', shape)],
    outputs: [port('activation', shape)]
  });
}

function filter(input: string, output: string, { shape, bins, mean, matrices }: FilterParts): Piece {
  const [channels, height, width] = shape;
  const transposed = matrices.map(W => W.map((_, i) => W[(i % channels) * channels + Math.floor(i / channels)]));
  const { nodes, initialisers } = spectralMap('filter', 'filter centred', 'filter estimate', { shape, bins }, transposed);
  return {
    nodes: [
      node('Sub', [input, 'filter mean'], ['filter centred']),
      ...nodes,
      node('Add', ['filter estimate', 'filter mean'], [output])
    ],
    initialisers: [...initialisers, floatTensor('filter mean', [1, channels, height, width], mean)]
  };
}

/** The node, reading `to` where it read `from`. */
function reading(old: NodeProto, from: string, to: string): NodeProto {
  if (!readsOf(old).includes(from)) {
    return old;
  }
  if (!old.input.includes(from)) {
    const what = `${old.opType} ${old.output[0]} reads the activation inside a graph of its own`;
    throw new VeilError('model_mismatch', `${what}. Nothing was run.`, 'Export the tail without branches and loops.');
  }
  const copy = clone(NodeProtoSchema, old);
  copy.input = old.input.map(name => (name === from ? to : name));
  return copy;
}

function replaced(initialisers: readonly TensorProto[], weights: Weights): TensorProto[] {
  for (const [name, { shape }] of Object.entries(weights)) {
    const own = initialisers.find(tensor => tensor.name === name);
    if (!own || dimsOf(own).join() !== shape.join()) {
      const has = own ? `is [${dimsOf(own)}] in the tail, not [${shape}]` : 'is no weight of the tail';
      throw new VeilError(
        'artefact_mismatch',
        `${name} ${has}. Nothing was run.`,
        'Use the artefact that was made for this model.'
      );
    }
  }
  return initialisers.map(tensor => {
    const other = weights[tensor.name];
    return other ? floatTensor(tensor.name, other.shape, other.data) : tensor;
  });
}
