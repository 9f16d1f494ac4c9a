import { GraphView, type OnnxModel } from '../../models/onnx';
import { floatsOf } from '../../models/onnx/tensors';
import { type Weights } from '../../models/artefact-content';
import { VeilError } from '../../protocol';
import { gradientOf, type GradientGraph, type GradientOptions, type Loss } from '../adjoint';
import { LearningSession, type LearningDevice, type Values } from '../session';
import { Adam, normOf, type AdamOptions } from './adam';

export interface TrainerOptions extends AdamOptions {
  device: LearningDevice;
  /** Of inputs that the network leaves open, as in `gradientOf`. */
  shapes?: GradientOptions['shapes'];
}

/** Operators whose constants are weights; those of others (a transform's matrix, a mean) are trained only by name. */
const WEIGHTED = ['Conv', 'Gemm'];

/**
 * Trains parameters of a network by Adam: ONNX Runtime takes the gradients, in one session for all steps. The same feeds
 * on the same device and number of threads give the same weights.
 */
export class Trainer {
  private readonly names: string[];
  private readonly adam: Adam;
  private taken = 0;

  private constructor(
    private readonly graph: GradientGraph,
    private readonly session: LearningSession,
    private readonly values: Float32Array[],
    /** The last ones whose loss and gradient were finite. */
    private readonly good: Float32Array[],
    options: AdamOptions
  ) {
    this.names = Object.keys(graph.parameters);
    const sizes = values.map(({ length }) => length);
    this.adam = new Adam(sizes, options);
  }

  /**
   * @param parameters names of float32 initialisers; 'all': weights and biases of every Conv and Gemm the loss depends on
   * @throws VeilError `model_mismatch` as `gradientOf`
   */
  static async open(
    network: OnnxModel,
    loss: Loss,
    parameters: readonly string[] | 'all',
    { device, shapes, ...options }: TrainerOptions
  ): Promise<Trainer> {
    const { initialisers } = new GraphView(network);
    const by = parameters === 'all' ? weightsOf(network, loss.targets) : parameters;
    const graph = await gradientOf(network, { loss, by, shapes });
    const values = Object.keys(graph.parameters).map(name => floatsOf(initialisers.get(name)!));
    const good = values.map(data => data.slice());
    return new Trainer(graph, await LearningSession.open(graph.model, device), values, good, options);
  }

  /**
   * One step down the gradient of a batch.
   * @param feeds the network's inputs and the loss's reference data, by name
   * @returns the loss before the step
   * @throws VeilError `internal` when loss or gradient is not finite; the trainer then has the last weights whose loss and
   *   gradient were, and has forgotten its moments
   */
  async step(feeds: Record<string, Values>): Promise<number> {
    const { parameters, gradients, loss } = this.graph;
    const weights = this.names.map((name, i) => [name, { data: this.values[i], dims: parameters[name] }] as const);
    const results = await this.session.run({ ...feeds, ...Object.fromEntries(weights) });
    const value = results[loss].data[0];
    const slopes = this.names.map(name => results[gradients[name]].data);
    const norm = normOf(slopes);
    this.taken += 1;
    if (Number.isFinite(value) && Number.isFinite(norm)) {
      copy(this.values, this.good);
      this.adam.step(this.values, slopes, norm);
      return value;
    }
    copy(this.good, this.values);
    this.adam.reset();
    throw new VeilError(
      'internal',
      `Training left the finite numbers at step ${this.taken}. The last weights with a finite loss are kept.`,
      'Train with a smaller learning rate or a shorter longest gradient.'
    );
  }

  /** Copies of the parameters as they are now. */
  weights(): Weights {
    return Object.fromEntries(
      this.names.map((name, i) => [name, { data: this.values[i].slice(), shape: this.graph.parameters[name] }])
    );
  }

  /**
   * Go on from other values; moments and the decay of the rate begin anew.
   * @throws VeilError `model_mismatch` where a parameter is missing or has another shape
   */
  load(weights: Weights): void {
    const misfit = this.names.find(name => `${weights[name]?.shape}` !== `${this.graph.parameters[name]}`);
    if (misfit !== undefined) {
      const found = weights[misfit] ? `[${weights[misfit].shape}]` : 'missing';
      throw new VeilError(
        'model_mismatch',
        `Weights ${misfit} are ${found}, expected [${this.graph.parameters[misfit]}]. Nothing was loaded.`,
        'Use weights that were learned for this network.'
      );
    }
    const given = this.names.map(name => weights[name].data);
    copy(given, this.values);
    copy(given, this.good);
    this.adam.reset();
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

function weightsOf(network: OnnxModel, targets: readonly string[]): string[] {
  const view = new GraphView(network);
  const nodes = view.needed(targets).filter(({ opType }) => WEIGHTED.includes(opType));
  return [...new Set(nodes.flatMap(({ input: [, ...operands] }) => operands))].filter(name => view.initialisers.has(name));
}

function copy(from: readonly Float32Array[], to: readonly Float32Array[]): void {
  from.forEach((values, i) => to[i].set(values));
}
