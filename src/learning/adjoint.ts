import { clone } from '@bufbuild/protobuf';
import { GraphView, probeShapes, type OnnxModel } from '../models/onnx';
import { node as make, port, withGraph } from '../models/onnx/build';
import { NodeProtoSchema, type NodeProto, type ValueInfoProto } from '../models/onnx/generated/onnx_pb';
import { isStandard } from '../models/onnx/model';
import { raiseOpset } from '../models/onnx/opset';
import { readsOf } from '../models/onnx/graph';
import { CONVOLUTION } from './adjoint/convolution';
import { ELEMENTWISE } from './adjoint/elementwise';
import { LAYOUT } from './adjoint/layout';
import { NORMALISATION } from './adjoint/normalisation';
import { POOLING } from './adjoint/pooling';
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

const RULES: Record<string, Rule> = { ...CONVOLUTION, ...ELEMENTWISE, ...LAYOUT, ...NORMALISATION, ...POOLING };

/** Their outputs say nothing about the values of their inputs. */
const VALUELESS = ['Shape', 'Size'];

/**
 * The adjoint of a tail, by reverse accumulation (Griewank and Walther, Evaluating Derivatives, 2nd ed., chapter 3):
 * from activation a and cotangents u it computes the sum over targets t of (dt/da)^T u_t. Weights are frozen. Runs on
 * every device ONNX Runtime has; the batch axis stays open where the tail leaves it open. Where a function has a kink
 * (Relu at 0, equal values under MaxPool) one of its subgradients is taken.
 * @param targets tensors of the tail that the loss reads; its outputs, if not said
 * @throws VeilError `model_mismatch` naming an operator whose gradient is not known, or a target that does not depend
 *   on the activation
 */
export async function adjointOf(tail: OnnxModel, targets?: readonly string[]): Promise<Adjoint> {
  const raised = raiseOpset(tail);
  // Rules may ask a node for one more output; the caller's nodes stay as they are.
  const nodes = raised.graph.node.map(node => clone(NodeProtoSchema, node));
  const model = withGraph(raised, { node: nodes });
  const view = new GraphView(model);
  const [activation, ...others] = view.inputs;
  if (activation === undefined || others.length > 0) {
    throw unsupported(`the tail has ${view.inputs.length} inputs, one is differentiated by`);
  }
  const wanted = targets ?? view.outputs;
  const between = pathTo(wanted, activation, nodes);
  const unread = wanted.find(target => !between.has(target));
  if (unread !== undefined) {
    throw unsupported(`${unread} does not depend on ${activation}`);
  }
  const path = nodes.filter(node => node.output.some(name => between.has(name)) && !VALUELESS.includes(node.opType));
  refuseUnknown(path);

  const tape = new Tape(model, await probeShapes(model), between);
  const cotangents = Object.fromEntries(wanted.map(target => [target, tape.name(`d_${target}`)]));
  wanted.forEach(target => tape.contribute(target, cotangents[target]));
  for (const node of path.toReversed()) {
    const gradient = tape.gradientOf(node.output[0]);
    if (gradient !== undefined) {
      RULES[node.opType](node, gradient, tape);
    }
  }
  const gradient = tape.name(`d_${activation}`);
  tape.nodes.push(make('Identity', [tape.gradientOf(activation)!], [gradient]));
  const inputs = [
    port(activation, tape.shape(activation)),
    ...wanted.map(target => port(cotangents[target], tape.shape(target)))
  ];
  return { model: assemble(model, tape, inputs, port(gradient, tape.shape(activation))), activation, cotangents, gradient };
}

/** The tensors that depend on the values of `activation` and on whose values a target depends. */
function pathTo(targets: readonly string[], activation: string, nodes: readonly NodeProto[]): Set<string> {
  const valued = nodes.filter(({ opType }) => !VALUELESS.includes(opType));
  const depends = new Set([activation]);
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

function refuseUnknown(path: readonly NodeProto[]): void {
  const unknown = path.find(({ opType, domain }) => !(opType in RULES) || !isStandard({ domain }));
  if (unknown) {
    const known = Object.keys(RULES).sort().join(', ');
    throw unsupported(`operator ${unknown.opType} (${unknown.output[0]}) is not known`, `A tail may be made of ${known}.`);
  }
}

/** Forward and backward pass as one graph, of which only what the gradient needs is kept. */
function assemble(model: OnnxModel, tape: Tape, input: ValueInfoProto[], output: ValueInfoProto): OnnxModel {
  const { graph } = model;
  const initializer = [...graph.initializer, ...tape.initialisers];
  const whole = withGraph(model, { node: [...graph.node, ...tape.nodes], input, output: [output], initializer, valueInfo: [] });
  const needed = new GraphView(whole).needed([output.name]);
  const read = new Set(needed.flatMap(readsOf));
  const kept = initializer.filter(({ name }) => read.has(name));
  return withGraph(whole, { name: `adjoint of ${graph.name}`, node: needed, initializer: kept });
}
