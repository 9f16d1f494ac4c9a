import { GraphView, type OnnxModel } from '../../models/onnx';
import { integer, integers, type AttributeValue } from '../../models/onnx/attributes';
import { node as make, port } from '../../models/onnx/build';
import { type NodeProto, type TensorProto, type ValueInfoProto } from '../../models/onnx/generated/onnx_pb';
import { describeGraph } from '../../models/onnx/ports';
import { FLOAT, floatTensor, integerTensor } from '../../models/onnx/tensors';
import { VeilError } from '../../protocol';
import { type Loss } from '../adjoint';

/** No float32 softmax gives a score between it and 0, which has no logarithm. */
const LEAST = 1e-38;

/** Writes the nodes of a loss behind a network, operator set 17, under names that the network does not use. */
export class LossWriter {
  private readonly view: GraphView;
  private readonly taken: Set<string>;
  private readonly inputs: ValueInfoProto[] = [];
  private readonly nodes: NodeProto[] = [];
  private readonly initialisers: TensorProto[] = [];

  constructor(private readonly network: OnnxModel) {
    this.view = new GraphView(network);
    const { active, producers, initialisers } = this.view;
    this.taken = new Set([...active, ...producers.keys(), ...initialisers.keys()]);
  }

  /** An input for reference data in the shape of an output, less its last `dropped` axes. Returns its name. */
  reference(wanted: string, like: string, dropped = 0): string {
    const name = this.name(this.taken.has(wanted) ? `reference ${wanted}` : wanted);
    const shape = describeGraph(this.network).outputs.find(output => output.name === like)?.shape ?? undefined;
    const dims = shape?.slice(0, shape.length - dropped).map((n, axis) => n ?? `${name} ${axis}`);
    this.inputs.push(port(name, dims));
    return name;
  }

  /** Add a node and return its output. */
  emit(opType: string, inputs: readonly string[], attributes: Record<string, AttributeValue> = {}): string {
    const output = this.name(`loss ${opType}`);
    this.nodes.push(make(opType, inputs, [output], attributes));
    return output;
  }

  /** The sum of all values, a scalar []. */
  sum(tensor: string): string {
    return this.emit('ReduceSum', [tensor], { keepdims: 0 });
  }

  asFloat(tensor: string): string {
    return this.emit('Cast', [tensor], { to: FLOAT });
  }

  scalar(value: number): string {
    return this.keep(floatTensor(this.name('loss constant'), [], Float32Array.of(value)));
  }

  integers(values: readonly number[]): string {
    return this.keep(integerTensor(this.name('loss constant'), values));
  }

  /** Sum of q log(q / p) over all values: where each distribution q sums to 1, the sum of KL(q || p). */
  divergence(p: string, q: string): string {
    const [top, bottom] = [q, p].map(name => this.emit('Log', [this.emit('Max', [name, this.scalar(LEAST)])]));
    return this.sum(this.emit('Mul', [q, this.emit('Sub', [top, bottom])]));
  }

  /**
   * The logits that a Softmax makes scores of, each with the gradient by it. Between Softmax and scores there may be
   * nodes that only lay values out anew: they are walked back.
   * @param gradient d(loss)/d(logit) of every score, in the shape of `scores`: for divergences p - q
   * @throws VeilError `model_mismatch` where there is another node, or no Softmax
   */
  beforeSoftmax(scores: string, gradient: string): Record<string, string> {
    const node = this.view.producers.get(scores);
    if (node?.opType === 'Softmax') {
      return { [node.input[0]]: gradient };
    }
    const sources = node && this.undone(node, gradient);
    if (!sources) {
      const found = node ? `made by ${node.opType}` : 'no result';
      throw new VeilError(
        'model_mismatch',
        `No loss: ${scores} is ${found}, not scores made by Softmax. Nothing was learned.`,
        'Export the network with a Softmax before its scores.'
      );
    }
    return Object.assign({}, ...Object.entries(sources).map(([source, part]) => this.beforeSoftmax(source, part)));
  }

  /** @param cotangents for each tensor that the loss depends on the gradient of it */
  loss(value: string, cotangents: Record<string, string>): Loss {
    const { inputs, nodes, initialisers } = this;
    return { targets: Object.keys(cotangents), inputs, nodes, initialisers, cotangents, value };
  }

  /** What a node that only lays values out anew did to them, undone for their gradient: one for each of its inputs. */
  private undone(node: NodeProto, gradient: string): Record<string, string> | undefined {
    const [source] = node.input;
    const perm = integers(node, 'perm');
    switch (node.opType) {
      case 'Reshape':
      case 'Flatten':
      case 'Squeeze':
      case 'Unsqueeze':
        return { [source]: this.emit('Reshape', [gradient, this.emit('Shape', [source])]) };
      case 'Identity':
      case 'Dropout':
        return { [source]: gradient };
      case 'Transpose':
        return perm && { [source]: this.emit('Transpose', [gradient], { perm: perm.map((_, axis) => perm.indexOf(axis)) }) };
      case 'Concat':
        return this.parts(node.input, gradient, integer(node, 'axis', 1));
    }
    return undefined;
  }

  /** The gradient cut apart where `inputs` were joined. */
  private parts(inputs: readonly string[], gradient: string, axis: number): Record<string, string> {
    const sizes = inputs.map(name => this.emit('Gather', [this.emit('Shape', [name]), this.integers([axis])]));
    const outputs = inputs.map(() => this.name('loss Split'));
    this.nodes.push(make('Split', [gradient, this.emit('Concat', sizes, { axis: 0 })], outputs, { axis }));
    return Object.fromEntries(inputs.map((name, i) => [name, outputs[i]]));
  }

  private name(wanted: string): string {
    let name = wanted;
    for (let i = 2; this.taken.has(name); i++) {
      name = `${wanted} ${i}`;
    }
    this.taken.add(name);
    return name;
  }

  private keep(tensor: TensorProto): string {
    this.initialisers.push(tensor);
    return tensor.name;
  }
}
