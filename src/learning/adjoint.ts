import { clone } from '@bufbuild/protobuf';
import { GraphView, probeShapes, type OnnxModel } from '../models/onnx';
import { node as make, port, withGraph, type Dimension } from '../models/onnx/build';
import { NodeProtoSchema, type NodeProto, type TensorProto, type ValueInfoProto } from '../models/onnx/generated/onnx_pb';
import { readsOf } from '../models/onnx/graph';
import { isStandard } from '../models/onnx/model';
import { raiseOpset } from '../models/onnx/opset';
import { dimsOf } from '../models/onnx/tensors';
import { CONVOLUTION } from './adjoint/convolution';
import { ELEMENTWISE } from './adjoint/elementwise';
import { LAYOUT } from './adjoint/layout';
import { NORMALISATION } from './adjoint/normalisation';
import { POOLING } from './adjoint/pooling';
import { PRODUCTS } from './adjoint/products';
import { Tape, unsupported, type Rule } from './adjoint/tape';

/** A graph that gives the gradient of a loss by the activation, and the names of its ports; all are float32. */
export interface Adjoint {
  model: OnnxModel;
  /** Input: the activation, in the tail's shape. */
  activation: string;
  /** Inputs: for each target of the tail the gradient of the loss by it, in the target's shape. */
  cotangents: Record<string, string>;
  /** Output: the gradient of the loss by the activation, in the activation's shape. */
  gradient: string;
}

/**
 * A loss as nodes behind a network, operator set 17. It writes its gradient itself: none of its nodes is differentiated,
 * so they may be anything.
 */
export interface Loss {
  /** Tensors of the network that the loss depends on; its nodes may read others too, as constants. */
  targets: readonly string[];
  /** What else its nodes read: reference data, float32. */
  inputs: readonly ValueInfoProto[];
  nodes: readonly NodeProto[];
  initialisers: readonly TensorProto[];
  /** For each target the tensor that holds d(loss)/d(target), in the target's shape. */
  cotangents: Readonly<Record<string, string>>;
  /** The loss, a scalar []. */
  value: string;
}

export interface GradientOptions {
  loss: Loss;
  /** Names of float32 initialisers of the network, or inputs. */
  by: readonly string[];
  /** Shapes of inputs where the network leaves more open than the batch axis, which may stay open: `['N', 128, 32, 32]`. */
  shapes?: Readonly<Record<string, readonly Dimension[]>>;
}

/** A graph that gives a loss and its gradient, and the names of its ports; all are float32. */
export interface GradientGraph {
  /** Inputs: those of the network, those of the loss, and the initialisers that are differentiated by. */
  model: OnnxModel;
  /** Inputs that hold data: of the network and of the loss. */
  inputs: string[];
  /** Inputs that were initialisers of the network, with their shapes. */
  parameters: Record<string, number[]>;
  /** Outputs: for each tensor that is differentiated by the gradient of the loss, in the tensor's shape. */
  gradients: Record<string, string>;
  /** Output: the loss, a scalar []. */
  loss: string;
}

const RULES: Record<string, Rule> = {
  ...CONVOLUTION,
  ...ELEMENTWISE,
  ...LAYOUT,
  ...NORMALISATION,
  ...POOLING,
  ...PRODUCTS
};

/** Their outputs say nothing about the values of their inputs. */
const VALUELESS = ['Shape', 'Size'];

/**
 * The adjoint of a tail: from activation a and cotangents u it computes the sum over targets t of (dt/da)^T u_t. Weights
 * are frozen. Runs on every device ONNX Runtime has; the batch axis stays open where the tail leaves it open.
 * @param targets tensors of the tail that the loss reads; its outputs, if not said
 * @throws VeilError `model_mismatch` naming an operator whose gradient is not known, or a target that does not depend
 *   on the activation
 */
export async function adjointOf(tail: OnnxModel, targets?: readonly string[]): Promise<Adjoint> {
  const model = ownNodes(raiseOpset(tail));
  const view = new GraphView(model);
  const [activation, ...others] = view.inputs;
  if (activation === undefined || others.length > 0) {
    throw unsupported(`the tail has ${view.inputs.length} inputs, one is differentiated by`);
  }
  const wanted = targets ?? view.outputs;
  const between = pathTo(wanted, [activation], model.graph.node);
  const unread = wanted.find(target => !between.has(target));
  if (unread !== undefined) {
    throw unsupported(`${unread} does not depend on ${activation}`);
  }
  const tape = new Tape(model, await probeShapes(model), between);
  const cotangents = Object.fromEntries(wanted.map(target => [target, tape.name(`d_${target}`)]));
  accumulate(model, tape, cotangents);
  const gradient = tape.name(`d_${activation}`);
  tape.nodes.push(make('Identity', [tape.gradientOrZero(activation)], [gradient]));
  const input = [port(activation, tape.shape(activation)), ...wanted.map(target => port(cotangents[target], tape.shape(target)))];
  const whole = withGraph(model, {
    node: [...model.graph.node, ...tape.nodes],
    input,
    output: [port(gradient, tape.shape(activation))],
    initializer: [...model.graph.initializer, ...tape.initialisers]
  });
  return { model: onlyNeeded(whole, `adjoint of ${model.graph.name}`), activation, cotangents, gradient };
}

/**
 * The gradient of a loss by parameters of a network, by its inputs, or by both, in one graph. Parameters become inputs of
 * it, so that one session serves every step of a descent. A parameter need not act on the loss through one node alone.
 * @throws VeilError `model_mismatch` naming an operator whose gradient by such an operand is not known, or a name that
 *   the loss does not depend on
 */
export async function gradientOf(network: OnnxModel, { loss, by, shapes }: GradientOptions): Promise<GradientGraph> {
  const { model, parameters } = withInputs(ownNodes(raiseOpset(network)), by, shapes);
  const view = new GraphView(model);
  const between = pathTo(loss.targets, by, model.graph.node);
  const aside = by.find(name => !between.has(name));
  if (aside !== undefined) {
    throw unsupported(`the loss does not depend on ${aside}`, 'Leave it out.');
  }
  const ownNames = [...loss.inputs, ...loss.initialisers].map(({ name }) => name);
  const tape = new Tape(model, await probeShapes(model), between, [...ownNames, ...loss.nodes.flatMap(({ output }) => output)]);
  const reached = Object.entries(loss.cotangents).filter(([target]) => between.has(target));
  accumulate(model, tape, Object.fromEntries(reached));
  const gradients = Object.fromEntries(by.map(name => [name, tape.name(`d_${name}`)]));
  by.forEach(name => tape.nodes.push(make('Identity', [tape.gradientOrZero(name)], [gradients[name]])));
  const { graph } = model;
  const whole = withGraph(model, {
    node: [...graph.node, ...loss.nodes, ...tape.nodes],
    input: [...graph.input, ...loss.inputs],
    output: [port(loss.value, []), ...by.map(name => port(gradients[name], tape.shape(name)))],
    initializer: [...graph.initializer, ...loss.initialisers, ...tape.initialisers]
  });
  const isData = (name: string): boolean => !(name in parameters);
  const inputs = [...view.inputs.filter(isData), ...loss.inputs.map(({ name }) => name)];
  return { model: onlyNeeded(whole, `gradient of ${graph.name}`), inputs, parameters, gradients, loss: loss.value };
}

/** Rules may ask a node for one more output: the caller's nodes stay as they are. */
function ownNodes(model: OnnxModel): OnnxModel {
  return withGraph(model, { node: model.graph.node.map(node => clone(NodeProtoSchema, node)) });
}

/** The same network with the initialisers of these names as inputs, and inputs of these shapes. */
function withInputs(
  model: OnnxModel,
  by: readonly string[],
  shapes: GradientOptions['shapes'] = {}
): { model: OnnxModel; parameters: Record<string, number[]> } {
  const { graph } = model;
  const view = new GraphView(model);
  const unknown = by.find(name => !view.initialisers.has(name) && !view.inputs.includes(name));
  if (unknown !== undefined) {
    throw unsupported(`${unknown} is neither an initialiser of the network nor an input`);
  }
  const chosen = by.flatMap(name => view.initialisers.get(name) ?? []);
  const parameters = Object.fromEntries(chosen.map(tensor => [tensor.name, dimsOf(tensor)]));
  const changed = withGraph(model, {
    // Old exporters list initialisers among the inputs.
    input: [
      ...graph.input
        .filter(({ name }) => view.inputs.includes(name))
        .map(input => (Object.hasOwn(shapes, input.name) ? port(input.name, shapes[input.name]) : input)),
      ...chosen.map(({ name, dims, dataType }) => port(name, dims.map(Number), dataType))
    ],
    initializer: graph.initializer.filter(tensor => !chosen.includes(tensor))
  });
  return { model: changed, parameters };
}

/**
 * Reverse accumulation (Griewank and Walther, Evaluating Derivatives, 2nd ed., chapter 3) along the tensors that the tape
 * follows. Where a function has a kink (Relu at 0, equal values under MaxPool) one of its subgradients is taken.
 */
function accumulate(model: OnnxModel, tape: Tape, cotangents: Readonly<Record<string, string>>): void {
  const path = model.graph.node.filter(node => node.output.some(name => tape.follow(name)) && isValued(node));
  refuseUnknown(path);
  Object.entries(cotangents).forEach(([target, cotangent]) => tape.contribute(target, cotangent));
  for (const node of path.toReversed()) {
    if (node.output.every(name => tape.ways(name) === 0)) {
      continue;
    }
    const followed = [...new Set(readsOf(node))].filter(name => tape.follow(name));
    const before = followed.map(name => tape.ways(name));
    RULES[node.opType](node, tape.gradientOrZero(node.output[0]), tape);
    const missed = followed.find((name, i) => tape.ways(name) === before[i]);
    if (missed !== undefined) {
      throw tape.refusal(node, `has no gradient by ${missed}`);
    }
  }
}

/** The tensors that depend on the values of `sources` and on whose values a target depends. */
function pathTo(targets: readonly string[], sources: readonly string[], nodes: readonly NodeProto[]): Set<string> {
  const valued = nodes.filter(isValued);
  const depends = new Set(sources);
  for (const node of valued) {
    if (readsOf(node).some(name => depends.has(name))) {
      node.output.filter(Boolean).forEach(name => depends.add(name));
    }
  }
  const leads = new Set(targets);
  for (const node of valued.toReversed()) {
    if (node.output.some(name => leads.has(name))) {
      readsOf(node).forEach(name => leads.add(name));
    }
  }
  return new Set([...depends].filter(name => leads.has(name)));
}

function isValued({ opType }: NodeProto): boolean {
  return !VALUELESS.includes(opType);
}

function refuseUnknown(path: readonly NodeProto[]): void {
  const unknown = path.find(({ opType, domain }) => !(opType in RULES) || !isStandard({ domain }));
  if (unknown) {
    const known = Object.keys(RULES).sort().join(', ');
    throw unsupported(`operator ${unknown.opType} (${unknown.output[0]}) is not known`, `A network may be made of ${known}.`);
  }
}

/** Of a graph of forward and backward pass what its outputs need, and every input. */
function onlyNeeded(whole: OnnxModel, name: string): OnnxModel {
  const { graph } = whole;
  const needed = new GraphView(whole).needed(graph.output.map(output => output.name));
  const read = new Set(needed.flatMap(readsOf));
  return withGraph(whole, {
    name,
    node: needed,
    initializer: graph.initializer.filter(tensor => read.has(tensor.name)),
    valueInfo: []
  });
}
