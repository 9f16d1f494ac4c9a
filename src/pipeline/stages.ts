import { join } from 'node:path';
import type { WireTensor } from '../protocol';
import type { LoadedModel } from '../models';
import { cleanActivation, checkTensor, type CleanActivation, type ObfuscatedActivation } from './activation';
import { decodeImage } from './codec';
import type { Frame, TailAnswer } from './compute';
import { openArena, type Arena, type Region } from './kernels';
import type { NoisePlan } from './noise-plan';
import { NoisySide, noisySizes, type NoisyRegion } from './noisy-side';
import { Preprocessor, preprocessSizes, type PreprocessRegion } from './preprocess';
import { checkRaster, type Raster } from './raster';
import { readerFor, type Answer, type Reader } from './reader';
import { Graph, type Provider } from './session';
import type { Stopwatch } from './stopwatch';

type RegionName = PreprocessRegion | NoisyRegion;

/**
 * The stages of one model on one device, each from its region of the kernels' memory to the next one's. They share that
 * memory, so one frame at a time may pass: `Detector` sees to it.
 */
export class Stages {
  private readonly preprocessor: Preprocessor;

  private constructor(
    readonly model: LoadedModel,
    /** Null where the model has no obfuscation. */
    readonly noisy: NoisySide | null,
    readonly reader: Reader,
    private readonly arena: Arena<RegionName>,
    private readonly head: Graph,
    private readonly tail: Graph,
    private readonly answers: readonly Region[]
  ) {
    this.preprocessor = new Preprocessor(arena, model.manifest.input);
  }

  /** @throws VeilError `device_unavailable` or `model_mismatch` */
  static async open(model: LoadedModel, provider: Provider, threads: number): Promise<Stages> {
    const { input, head, tail } = model.manifest;
    const reader = readerFor(model);
    const ports = Object.values(reader.outputs);
    const bytes = (shape: readonly number[]) => 4 * shape.reduce((product, n) => product * n, 1);
    const { obfuscation } = model;
    const arena = await openArena<RegionName | `answer${number}`>({
      ...preprocessSizes(input),
      ...(obfuscation ? noisySizes(obfuscation) : { activation: bytes(head.activation.shape) }),
      ...Object.fromEntries(ports.map(({ shape }, i) => [`answer${i}`, bytes(shape)]))
    } as Record<RegionName, number>);
    const { regions } = arena;
    const answers = ports.map((_, i) => regions[`answer${i}`]);
    const headGraph = await Graph.open(join(model.dir, head.file), provider, threads, head.input, [
      { ...head.activation, region: regions.activation }
    ]);
    const outputs = ports.map((port, i) => ({ ...port, region: answers[i] }));
    try {
      const tailGraph = await Graph.open(join(model.dir, tail.file), provider, threads, tail.activation, outputs);
      const noisy = obfuscation && new NoisySide({ ...model, obfuscation }, arena, provider, threads, outputs);
      return new Stages(model, noisy, reader, arena, headGraph, tailGraph, answers);
    } catch (error) {
      await headGraph.release();
      throw error;
    }
  }

  async decode(frame: Frame, name: string, watch: Stopwatch): Promise<Raster> {
    if (frame.kind === 'coded') {
      return watch.time('decode', () => decodeImage(frame.data, name));
    }
    checkRaster(frame);
    return frame;
  }

  async runHead(frame: Raster, watch: Stopwatch): Promise<CleanActivation> {
    const { input, activation } = this.arena.regions;
    await watch.time('preprocess', () => this.preprocessor.run(frame));
    await watch.time('head', () => this.head.run(input.float32()));
    return cleanActivation(activation.float32(), this.model.manifest.head.activation.shape);
  }

  /** A clean activation [1,C,H,W] that the head made before, in the place where the head leaves it. */
  takeClean(activation: WireTensor): CleanActivation {
    const { shape } = this.model.manifest.head.activation;
    const region = this.arena.regions.activation.float32();
    region.set(checkTensor('activation', activation, shape));
    return cleanActivation(region, shape);
  }

  addNoise(clean: CleanActivation, { alpha, epsilon }: NoisePlan): Promise<ObfuscatedActivation> {
    return this.noisy!.obfuscate(clean, alpha, epsilon);
  }

  /** @param alpha of the noise in the data; null for none */
  async runTail(data: Float32Array, alpha: number | null): Promise<void> {
    await (alpha === null ? this.tail.run(data) : this.noisy!.runServer(data, alpha));
  }

  /** What a tail elsewhere answered, in the place where a tail leaves it. */
  takeAnswer(answer: TailAnswer): void {
    Object.entries(this.reader.outputs).forEach(([name, { shape }], i) =>
      this.answers[i].float32().set(checkTensor(name, answer[name], shape))
    );
  }

  /** A copy of what the tail left. */
  answer(): TailAnswer {
    const tensors = Object.entries(this.reader.outputs).map(([name, { shape }], i): [string, WireTensor] => [
      name,
      { data: this.answers[i].float32().slice(), shape: [1, ...shape] }
    ]);
    return Object.fromEntries(tensors);
  }

  /** Boxes or classes, of what the tail left. */
  read(frame: { width: number; height: number }): Answer {
    return this.reader.read(
      this.answers.map(region => region.float32()),
      frame
    );
  }

  async release(): Promise<void> {
    await Promise.all([this.head.release(), this.tail.release(), this.noisy?.release()]);
  }
}
