import { type NodeProto, type TensorProto } from './generated/onnx_pb';
import { attribute } from './attributes';
import { type OnnxModel } from './model';

/** Who makes and who reads each tensor of a graph. A tensor that depends on no input is a constant. */
export class GraphView {
  /** Names of what a run must be given; old exporters list the initialisers among them. */
  readonly inputs: string[];
  readonly outputs: string[];
  readonly initialisers: ReadonlyMap<string, TensorProto>;
  readonly producers: ReadonlyMap<string, NodeProto>;
  readonly consumers: ReadonlyMap<string, NodeProto[]>;
  /** Every tensor that depends on an input, the inputs among them, in order of computation. */
  readonly active: ReadonlySet<string>;

  constructor(readonly model: OnnxModel) {
    const { graph } = model;
    this.initialisers = new Map(graph.initializer.map(tensor => [tensor.name, tensor]));
    this.inputs = graph.input.map(({ name }) => name).filter(name => !this.initialisers.has(name));
    this.outputs = graph.output.map(({ name }) => name);
    const producers = new Map<string, NodeProto>();
    const consumers = new Map<string, NodeProto[]>();
    const active = new Set(this.inputs);
    for (const node of graph.node) {
      const inputs = readsOf(node);
      for (const name of inputs) {
        consumers.set(name, [...(consumers.get(name) ?? []), node]);
      }
      for (const name of node.output.filter(Boolean)) {
        producers.set(name, node);
        if (inputs.some(input => active.has(input))) {
          active.add(name);
        }
      }
    }
    this.producers = producers;
    this.consumers = consumers;
    this.active = active;
  }

  /** The value of a tensor that is the same in every run, where the graph holds it as it is. */
  constant(name: string): TensorProto | undefined {
    const producer = this.producers.get(name);
    if (producer?.opType === 'Identity') {
      return this.constant(producer.input[0]);
    }
    return this.initialisers.get(name) ?? (producer?.opType === 'Constant' ? attribute(producer, 'value')?.t : undefined);
  }

  /** The nodes that `targets` need, in the graph's order, going back no further than `stops`. */
  needed(targets: readonly string[], stops: ReadonlySet<string> = new Set()): NodeProto[] {
    const found = new Set<NodeProto>();
    const open = [...targets];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      const node = stops.has(name) ? undefined : this.producers.get(name);
      if (node && !found.has(node)) {
        found.add(node);
        open.push(...readsOf(node));
      }
    }
    return this.model.graph.node.filter(node => found.has(node));
  }
}

/** Names of the tensors a node reads, each once, those that graphs inside it (If, Loop) take from outside among them. */
export function readsOf(node: NodeProto): string[] {
  const inner = node.attribute
    .flatMap(({ g, graphs }) => (g ? [g, ...graphs] : graphs))
    .flatMap(graph => graph.node.flatMap(readsOf));
  return [...new Set([...node.input, ...inner])].filter(Boolean);
}
