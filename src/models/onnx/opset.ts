import { VeilError } from '../../protocol';
import { attribute, float, integer, integers, text, type AttributeValue } from './attributes';
import { node as make, OPSET, withGraph } from './build';
import { type NodeProto, type TensorProto } from './generated/onnx_pb';
import { opsetOf, type OnnxModel } from './model';
import { floatTensor, integerTensor } from './tensors';

/** Below it, Add and Mul broadcast by an attribute and BatchNormalization has a mode: exports of 2017. */
const OLDEST = 7;

/** What a node of an older operator set becomes; constants it needs now are added to the initialisers. */
type Rewrite = (node: NodeProto, opset: number, constant: (tensor: TensorProto) => string) => NodeProto | NodeProto[];

/** Attributes that became inputs between the operator sets 7 and 17, and defaults that changed (ONNX's Changelog.md). */
const REWRITES: Record<string, Rewrite> = {
  Squeeze: axesToInput(13),
  Unsqueeze: axesToInput(13),
  ReduceSum: axesToInput(13),
  Split: (node, opset, constant) => {
    const split = opset < 13 ? integers(node, 'split') : undefined;
    const input = split ? [node.input[0], constant(integerTensor(`${node.output[0]} split`, split))] : node.input;
    return make('Split', input, node.output, { axis: integer(node, 'axis', 0) });
  },
  Slice: (node, opset, constant) => {
    if (opset >= 10) {
      return node;
    }
    const starts = integers(node, 'starts') ?? [];
    const named = { starts, ends: integers(node, 'ends') ?? [], axes: integers(node, 'axes') ?? starts.map((_, i) => i) };
    const inputs = Object.entries(named).map(([what, values]) => constant(integerTensor(`${node.output[0]} ${what}`, values)));
    return make('Slice', [node.input[0], ...inputs], node.output);
  },
  Pad: (node, opset, constant) => {
    if (opset >= 11) {
      return node;
    }
    const pads = constant(integerTensor(`${node.output[0]} pads`, integers(node, 'pads') ?? []));
    const value = constant(scalar(`${node.output[0]} value`, float(node, 'value', 0)));
    return make('Pad', [node.input[0], pads, value], node.output, { mode: text(node, 'mode', 'constant') });
  },
  Clip: (node, opset, constant) => {
    if (opset >= 11) {
      return node;
    }
    const bound = (name: string) =>
      attribute(node, name) ? constant(scalar(`${node.output[0]} ${name}`, float(node, name, 0))) : '';
    return make('Clip', [node.input[0], bound('min'), bound('max')], node.output);
  },
  Dropout: (node, opset) => (opset >= 12 ? node : make('Dropout', [node.input[0]], node.output)),
  Softmax: oneAxisBefore13,
  LogSoftmax: oneAxisBefore13,
  Hardmax: oneAxisBefore13
};

/**
 * The same graph in operator set 17; a newer one stays as it is. Other operators mean the same in all sets from 7 to 17.
 * @throws VeilError `model_mismatch` for an operator set before 7
 */
export function raiseOpset(model: OnnxModel): OnnxModel {
  const opset = opsetOf(model);
  if (opset >= OPSET) {
    return model;
  }
  if (opset < OLDEST) {
    const what = `The graph is written in operator set ${opset}, the oldest understood is ${OLDEST}`;
    throw new VeilError('model_mismatch', `${what}. Nothing was run.`, 'Export the model anew.');
  }
  const { graph } = model;
  const initialisers = [...graph.initializer];
  const constant = (tensor: TensorProto): string => {
    initialisers.push(tensor);
    return tensor.name;
  };
  const nodes = graph.node.flatMap(node => REWRITES[node.opType]?.(node, opset, constant) ?? node);
  return withGraph(model, { node: nodes, initializer: initialisers }, OPSET);
}

function axesToInput(since: number): Rewrite {
  return (node, opset, constant) => {
    const axes = opset < since ? integers(node, 'axes') : undefined;
    if (!axes) {
      return node;
    }
    const kept: Record<string, AttributeValue> = attribute(node, 'keepdims') ? { keepdims: integer(node, 'keepdims', 1) } : {};
    return make(node.opType, [node.input[0], constant(integerTensor(`${node.output[0]} axes`, axes))], node.output, kept);
  };
}

/**
 * Up to set 12 the axes from `axis` (by default 1) on counted as one, since then `axis` (by default the last) alone:
 * made one axis and taken apart again.
 */
function oneAxisBefore13(node: NodeProto, opset: number): NodeProto | NodeProto[] {
  if (opset >= 13) {
    return node;
  }
  const [input, output] = [node.input[0], node.output[0]];
  const [flat, soft, shape] = ['flat', 'soft', 'shape'].map(what => `${output} ${what}`);
  return [
    make('Flatten', [input], [flat], { axis: integer(node, 'axis', 1) }),
    make(node.opType, [flat], [soft], { axis: -1 }),
    make('Shape', [input], [shape]),
    make('Reshape', [soft, shape], [output])
  ];
}

const scalar = (name: string, value: number): TensorProto => floatTensor(name, [], Float32Array.of(value));
