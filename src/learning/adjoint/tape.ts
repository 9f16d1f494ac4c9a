import { VeilError } from '../../protocol';
import { GraphView, type OnnxModel, type Shapes } from '../../models/onnx';
import { type AttributeValue } from '../../models/onnx/attributes';
import { node as make, type Dimension } from '../../models/onnx/build';
import { type NodeProto, type TensorProto } from '../../models/onnx/generated/onnx_pb';
import { dimsOf, floatTensor, integerTensor } from '../../models/onnx/tensors';

/** How one operator hands the gradient of its first output on to its inputs. */
export type Rule = (node: NodeProto, gradient: string, tape: Tape) => void;

/** What the rules write: nodes and constants of the backward pass, and who has which gradient. */
export class Tape {
  readonly view: GraphView;
  readonly nodes: NodeProto[] = [];
  readonly initialisers: TensorProto[] = [];
  private readonly contributions = new Map<string, string[]>();
  private readonly taken: Set<string>;
  private readonly shared = new Map<string, string>();

  /**
   * @param follows the tensors that have a gradient: those between what is differentiated by and the targets
   * @param reserved names that tensors of the loss have
   */
  constructor(
    model: OnnxModel,
    private readonly shapes: Shapes,
    private readonly follows: ReadonlySet<string>,
    reserved: readonly string[] = []
  ) {
    this.view = new GraphView(model);
    const { active, producers, initialisers } = this.view;
    this.taken = new Set([...active, ...producers.keys(), ...initialisers.keys(), ...reserved]);
  }

  /** A name that no tensor of the graph has. */
  name(wanted: string): string {
    let name = wanted;
    for (let i = 2; this.taken.has(name); i++) {
      name = `${wanted} ${i}`;
    }
    this.taken.add(name);
    return name;
  }

  /** Add a node and return its output. */
  emit(opType: string, inputs: readonly string[], attributes: Record<string, AttributeValue> = {}): string {
    const output = this.name(`backward ${opType}`);
    this.nodes.push(make(opType, inputs, [output], attributes));
    return output;
  }

  /** What several rules need is made by the first of them. */
  once(key: string, make: () => string): string {
    const tensor = this.shared.get(key) ?? make();
    this.shared.set(key, tensor);
    return tensor;
  }

  floats(values: Float32Array, dims: readonly number[]): string {
    return this.keep(floatTensor(this.name('backward constant'), dims, values));
  }

  integers(values: readonly number[]): string {
    return this.keep(integerTensor(this.name('backward constant'), values));
  }

  /** Does anyone ask for this tensor's gradient? */
  follow(tensor: string): boolean {
    return this.follows.has(tensor);
  }

  /** One of the ways by which a tensor acts on the loss. */
  contribute(tensor: string, gradient: string): void {
    this.contributions.set(tensor, [...(this.contributions.get(tensor) ?? []), gradient]);
  }

  /** How many of them are known yet. */
  ways(tensor: string): number {
    return this.contributions.get(tensor)?.length ?? 0;
  }

  /** The sum over all ways; zeros where there is none. */
  gradientOrZero(tensor: string): string {
    const found = this.contributions.get(tensor) ?? [];
    if (found.length === 0) {
      return this.emit('Expand', [this.floats(Float32Array.of(0), []), this.emit('Shape', [tensor])]);
    }
    return found.length > 1 ? this.emit('Sum', found) : found[0];
  }

  /** Dimensions of a tensor; those that follow the batch are names. */
  shape(tensor: string): readonly Dimension[] {
    const constant = this.view.constant(tensor);
    const shape = this.shapes.get(tensor) ?? (constant && dimsOf(constant));
    if (!shape) {
      throw unsupported(`The shape of ${tensor} is not known`);
    }
    return shape;
  }

  /** The axes behind batch and channels, which must have a fixed size. */
  spatial(tensor: string): number[] {
    const [, , ...sizes] = this.shape(tensor);
    return sizes.map(size => {
      if (typeof size === 'string') {
        throw unsupported(`${tensor} has no fixed size`);
      }
      return size;
    });
  }

  /** For a node that the rules do not differentiate in this form. */
  refusal(node: NodeProto, why: string): VeilError {
    return unsupported(`${node.opType} ${node.output[0]} ${why}`);
  }

  private keep(tensor: TensorProto): string {
    this.initialisers.push(tensor);
    return tensor.name;
  }
}

export function unsupported(what: string, remedy = 'Cut the network at another tensor, or export it without it.'): VeilError {
  return new VeilError('model_mismatch', `No gradient: ${what}. Nothing was learned.`, remedy);
}
