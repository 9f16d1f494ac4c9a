import { withGraph } from './build';
import type { NodeProto, TensorProto } from './generated/onnx_pb';
import { GraphView, readsOf } from './graph';
import type { OnnxModel } from './model';

/** The runtime's convolutions for processors with AVX-512 work on blocks of so many channels and fill the last with zeros. */
export const LANES = 16;

/** Nodes in the place of others: those of a removed node stand where it stood. */
export interface Replacement {
  nodes: ReadonlyMap<NodeProto, readonly NodeProto[]>;
  constants: readonly TensorProto[];
}

/**
 * Carry out what `find` proposes; of two proposals for one node the first.
 * @returns the model itself where nothing is proposed
 */
export function rewrite(model: OnnxModel, find: (view: GraphView) => Replacement[]): OnnxModel {
  const replacements = apart(find(new GraphView(model)));
  if (replacements.length === 0) {
    return model;
  }
  const { graph } = model;
  const replaced = new Map(replacements.flatMap(({ nodes }) => [...nodes]));
  const node = graph.node.flatMap(old => replaced.get(old) ?? [old]);
  const read = new Set(node.flatMap(readsOf));
  const isDropped = new Set(graph.initializer.map(({ name }) => name).filter(name => !read.has(name)));
  const constants = replacements.flatMap(replacement => replacement.constants);
  return withGraph(model, {
    node,
    initializer: [...graph.initializer.filter(({ name }) => !isDropped.has(name)), ...constants],
    // Old exporters list constants among the inputs: what is no constant any more would have to be fed.
    input: graph.input.filter(({ name }) => !isDropped.has(name)),
    // Shapes of tensors in between, which nobody needs, speak of what is gone.
    valueInfo: []
  });
}

function apart(replacements: Replacement[]): Replacement[] {
  const taken = new Set<NodeProto>();
  return replacements.filter(({ nodes }) => {
    const isFree = [...nodes.keys()].every(node => !taken.has(node));
    [...nodes.keys()].forEach(node => isFree && taken.add(node));
    return isFree;
  });
}

/** The one node that reads a tensor, where there is one alone and the tensor is no output. */
export function onlyReader(view: GraphView, name: string, opType: string): NodeProto | undefined {
  const readers = view.consumers.get(name) ?? [];
  const isAlone = readers.length === 1 && readers[0].opType === opType && !view.outputs.includes(name);
  return isAlone ? readers[0] : undefined;
}

export function inLanes(channels: number): number {
  return Math.ceil(channels / LANES) * LANES;
}
