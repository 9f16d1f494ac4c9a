import { InferenceSession, Tensor } from 'onnxruntime-node';
import { forRuntime, runtimeGraph } from '../models';
import { writeOnnx, type OnnxModel } from '../models/onnx';
import { VeilError } from '../protocol';
import type { Region } from './kernels';
import { switchTelemetryOff } from './telemetry-off';

/** Where a model's graphs run; `index` counts GPUs in PCI bus order. */
export interface Provider {
  kind: 'cpu' | 'cuda' | 'webgpu';
  index: number;
}

export interface InputPort {
  name: string;
  /** Without the batch axis. */
  shape: readonly number[];
}
export interface OutputPort extends InputPort {
  region: Region;
}

/** A graph that is no file, and how messages call it. */
export interface MadeGraph {
  name: string;
  model: OnnxModel;
}

/** One graph that writes its outputs into the kernels' memory: on the CPU nothing is copied on the way in or out. */
export class Graph {
  private constructor(
    private readonly path: string,
    private readonly session: InferenceSession,
    private readonly input: InputPort,
    private readonly outputs: Record<string, Tensor>
  ) {}

  /** @throws VeilError `device_unavailable` when the provider cannot be had, `model_mismatch` when the graph is not as described */
  static async open(
    source: string | MadeGraph,
    provider: Provider,
    threads: number,
    input: InputPort,
    outputs: OutputPort[]
  ): Promise<Graph> {
    const session = await openSession(source, provider, threads);
    const tensors = outputs.map(({ name, region, shape }) => [name, new Tensor('float32', region.float32(), [1, ...shape])]);
    const graph = new Graph(nameOf(source), session, input, Object.fromEntries(tensors));
    // Once for nothing: kernels are chosen and memory is laid out here, and a graph that lied about itself fails here.
    await graph.run(new Float32Array(input.shape.reduce((product, n) => product * n, 1)));
    return graph;
  }

  /** @param data one sample of the input's shape; the outputs' regions hold the answer afterwards */
  async run(data: Float32Array): Promise<void> {
    const feeds = { [this.input.name]: new Tensor('float32', data, [1, ...this.input.shape]) };
    try {
      await this.session.run(feeds, this.outputs);
    } catch (error) {
      throw refused(`${this.path} failed to run`, error);
    }
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

async function openSession(source: string | MadeGraph, provider: Provider, threads: number): Promise<InferenceSession> {
  switchTelemetryOff();
  const path = nameOf(source);
  const graph = typeof source === 'string' ? await runtimeGraph(source, provider) : writeOnnx(forRuntime(source.model, provider));
  try {
    // The overloads take a path or bytes, never either.
    return await InferenceSession.create(graph as string, {
      executionProviders: providers(provider),
      graphOptimizationLevel: 'all',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // Head and tail are two pools: threads of the one that waits must not burn the core of the other.
      extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } }
    });
  } catch (error) {
    if (provider.kind === 'cpu') {
      throw refused(`${path} cannot be opened`, error);
    }
    const device = provider.kind === 'cuda' ? `cuda:${provider.index}` : provider.kind;
    const message = `${device} cannot run ${path} (${reasonOf(error)}). Nothing was run.`;
    throw new VeilError('device_unavailable', message, 'Use --device cpu, or install the execution provider.');
  }
}

const nameOf = (source: string | MadeGraph): string => (typeof source === 'string' ? source : source.name);

function providers({ kind, index }: Provider): InferenceSession.ExecutionProviderConfig[] {
  switch (kind) {
    case 'cuda':
      return [{ name: 'cuda', deviceId: index }, 'cpu'];
    case 'webgpu':
      return ['webgpu', 'cpu'];
    case 'cpu':
      return ['cpu'];
  }
}

function refused(what: string, error: unknown): VeilError {
  return new VeilError(
    'model_mismatch',
    `${what} (${reasonOf(error)}). No result was made.`,
    'Export the graph anew; model.json must describe it.'
  );
}

/** What happened, in one line: ONNX Runtime writes source file, function and condition before the words for people. */
export function reasonOf(error: unknown): string {
  const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.replace(/^.* was false\. /, '');
}
