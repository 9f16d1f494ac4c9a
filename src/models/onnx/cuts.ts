import { VeilError } from '../../protocol';
import { type NodeProto } from './generated/onnx_pb';
import { readsOf, type GraphView } from './graph';
import { macsOf } from './macs';
import { parametersOf } from './ports';
import { atBatchOne, type Shapes } from './probe';
import { directionsRead, type DirectionsRead } from './rank';
import { elements } from './tensors';

/** A tensor through which everything passes: what comes before it is a head, what comes after it a tail. */
export interface Cut {
  tensor: string;
  /** What makes it: the operator's name. */
  operator: string;
  /** With a batch of one. */
  shape: number[];
  /** On the wire, as float32. */
  bytes: number;
  macs: { before: number; after: number };
  parameters: { before: number; after: number };
  reads: DirectionsRead;
}

/** The possible cuts in order of computation: every tensor but inputs and outputs that all paths to the outputs pass. */
export function findCuts(view: GraphView, shapes: Shapes): Cut[] {
  const ends = new Set([...view.inputs, ...view.outputs]);
  return [...view.active]
    .filter(tensor => !ends.has(tensor) && !crossing(view, tensor))
    .map(tensor => describeCut(view, shapes, tensor));
}

function describeCut(view: GraphView, shapes: Shapes, tensor: string): Cut {
  const { head, tail } = sides(view, tensor);
  const shape = atBatchOne(shapes.get(tensor)!);
  const count = (nodes: readonly NodeProto[]) => ({
    macs: macsOf(nodes, view, shapes),
    parameters: parametersOf(view, nodes.flatMap(readsOf))
  });
  const [before, after] = [count(head), count(tail)];
  return {
    tensor,
    operator: view.producers.get(tensor)!.opType,
    shape,
    bytes: 4 * elements(shape),
    macs: { before: before.macs, after: after.macs },
    parameters: { before: before.parameters, after: after.parameters },
    reads: directionsRead(view, tensor, shape)
  };
}

/**
 * The nodes on both sides of a tensor; constants that both need are on both.
 * @throws VeilError `bad_request` when there is no such tensor (with the nearest names) or it is no cut (with the edge that crosses)
 */
export function sidesOf(view: GraphView, tensor: string): { head: NodeProto[]; tail: NodeProto[] } {
  if (!view.active.has(tensor)) {
    const known = view.producers.has(tensor) || view.initialisers.has(tensor);
    const what = known ? `${tensor} is a constant of the graph` : `The graph has no tensor ${tensor}`;
    const near = nearest(tensor, [...view.active]);
    throw new VeilError(
      'bad_request',
      `${what}. Nothing was written.`,
      `Nearest: ${near.join(', ')}. Without --at, the cuts are listed.`
    );
  }
  if (view.inputs.includes(tensor) || view.outputs.includes(tensor)) {
    const what = view.inputs.includes(tensor) ? 'input' : 'output';
    throw new VeilError('bad_request', `${tensor} is the graph's ${what}: one side of it is empty. Nothing was written.`, LIST);
  }
  const edge = crossing(view, tensor);
  if (edge) {
    throw new VeilError('bad_request', `${tensor} is not a cut: ${edge}. Nothing was written.`, LIST);
  }
  return sides(view, tensor);
}

const LIST = 'Without --at, the cuts are listed.';

function sides(view: GraphView, tensor: string): { head: NodeProto[]; tail: NodeProto[] } {
  return { head: view.needed([tensor]), tail: view.needed(view.outputs, new Set([tensor])) };
}

/**
 * Why a tensor is no cut: one way from what lies before it (or beside it) to an output that does not pass through it.
 * Undefined for a cut.
 */
function crossing(view: GraphView, tensor: string): string | undefined {
  const { head, tail } = sides(view, tensor);
  const before = new Set([...view.inputs, ...head.flatMap(node => node.output)]);
  const early = view.outputs.find(name => before.has(name) && name !== tensor);
  if (early !== undefined) {
    return `output ${early} does not depend on it`;
  }
  const inHead = new Set(head);
  for (const node of tail.filter(candidate => !inHead.has(candidate))) {
    const other = readsOf(node).find(name => name !== tensor && before.has(name) && view.active.has(name));
    if (other !== undefined) {
      return `${node.opType} ${node.output[0]} behind it also reads ${other} from before it`;
    }
  }
  const unrelated = view.outputs.find(name => !view.active.has(name));
  return unrelated === undefined ? undefined : `output ${unrelated} depends on no input`;
}

const OFFERED = 3;

/** The names that differ least, by Levenshtein distance (Wagner and Fischer 1974). */
export function nearest(name: string, names: readonly string[]): string[] {
  return names
    .map(candidate => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, OFFERED)
    .map(({ candidate }) => candidate);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min(next[j] + 1, row[j + 1] + 1, row[j] + (a[i] === b[j] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}
