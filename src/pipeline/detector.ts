import { hash, randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { env } from 'onnxruntime-node';
import { VERSION, type Detection, type DetectionResult, type WireTensor } from '../protocol';
import { modelRef, type LoadedModel } from '../models';
import {
  checkTensor,
  cleanActivation,
  toWire,
  type AnyActivation,
  type CleanActivation,
  type ObfuscatedActivation
} from './activation';
import { decodeImage } from './codec';
import type { DetectOutcome, DetectRequest, Frame, NoiseOptions, ReconstructOptions, SweepRequest, TailAnswer } from './compute';
import { openArena, type Arena, type Region } from './kernels';
import { activationHash, frameHash, type Look } from './look-signature';
import { requireAlpha, requireObfuscation } from './noise';
import { planNoise, planRun, type NoisePlan } from './noise-plan';
import { NoisySide, noisySizes, type NoisyRegion } from './noisy-side';
import { PAINTERS, type PaintedKind } from './painters';
import { paint, type Painted } from './pictures';
import { Preprocessor, preprocessSizes, type PreprocessRegion } from './preprocess';
import { checkRaster, toPixels, type Raster } from './raster';
import type { Arriving, Departed, Facts } from './departure';
import { readerFor, type Answer, type Reader } from './reader';
import { Graph, type Provider } from './session';
import { Stopwatch } from './stopwatch';
import type { Looked, Tasks } from './worker-messages';

const VERSIONS = { veilbook: VERSION, onnxruntime: env.versions.node ?? env.versions.common, node: process.versions.node };

type RegionName = PreprocessRegion | NoisyRegion;

export interface DetectContext {
  /** The device that runs this, as results name it. */
  device: string;
  /** Lines about the device that a person must see. */
  notices: string[];
  /** Called between stages; throws VeilError `cancelled` to stop. */
  checkpoint: () => void;
}

/** A frame before its tail. The activations lie in the kernels' memory, until the next run. */
interface Begun {
  plan: NoisePlan | null;
  frame: Raster;
  clean: CleanActivation;
  /** What the tail sees. */
  seen: AnyActivation;
}

/**
 * One model on one device: the whole way of a frame. It runs one frame at a time; calls wait for each other, because
 * they share the kernels' memory. Every method rejects with a VeilError.
 */
export class Detector {
  private last: Promise<unknown> = Promise.resolve();
  private readonly preprocessor: Preprocessor;

  private constructor(
    private readonly model: LoadedModel,
    private readonly arena: Arena<RegionName>,
    private readonly head: Graph,
    private readonly tail: Graph,
    private readonly noisy: NoisySide | null,
    private readonly reader: Reader,
    private readonly answers: readonly Region[],
    private readonly noiseKey: Uint8Array
  ) {
    this.preprocessor = new Preprocessor(arena, model.manifest.input);
  }

  /**
   * @param noiseKey 32 bytes that all detectors of a process life share, so that one picture has one noise: `prfEpsilon`
   * @throws VeilError `device_unavailable` or `model_mismatch`
   */
  static async open(
    model: LoadedModel,
    provider: Provider,
    threads: number,
    noiseKey: Uint8Array = randomBytes(32)
  ): Promise<Detector> {
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
      return new Detector(model, arena, headGraph, tailGraph, noisy, reader, answers, noiseKey);
    } catch (error) {
      await headGraph.release();
      throw error;
    }
  }

  /**
   * Run one frame.
   * @throws VeilError `bad_request`, `bad_alpha`, `artefact_missing`, `bad_image`, `image_too_large`, `bad_tensor`, `cancelled`
   */
  detect(request: DetectRequest, context: DetectContext): Promise<Looked<DetectOutcome>> {
    return this.alone(async () => {
      const watch = new Stopwatch(context.checkpoint);
      const begun = await this.begin(request, watch);
      const { plan, frame, seen } = begun;
      await watch.time('tail', () => this.runTail(seen.data, plan?.alpha ?? null));
      const outcome = await this.finish(request, this.draft(request, begun, context), frame, seen.data, watch);
      return { ...outcome, ...this.looked(request, begun), ...(request.activation && { activation: toWire(seen) }) };
    });
  }

  /**
   * The first half of a run whose tail is elsewhere: all but the tail and what comes after it.
   * @throws VeilError as `detect`
   */
  depart(request: DetectRequest, context: DetectContext): Promise<Looked<Departed>> {
    return this.alone(async () => {
      const watch = new Stopwatch(context.checkpoint);
      const begun = await this.begin(request, watch);
      const { plan, frame, seen } = begun;
      return {
        draft: { ...this.draft(request, begun, context), timings_ms: watch.timings() },
        facts: this.facts(plan ? this.noisy!.sourceDigest : hash('sha256', seen.data)),
        tensor: toWire(seen),
        frame: request.pictures.length > 0 ? toPixels(frame) : null,
        ...this.looked(request, begun)
      };
    });
  }

  /**
   * The second half: reads what a tail elsewhere answered.
   * @throws VeilError `bad_tensor` when the answer is not what this model's tail gives
   */
  arrive({ request, departed, answer }: Arriving, checkpoint: () => void): Promise<DetectOutcome> {
    return this.alone(async () => {
      const watch = new Stopwatch(checkpoint);
      Object.entries(this.reader.outputs).forEach(([name, { shape }], i) =>
        this.answers[i].float32().set(checkTensor(name, answer[name], shape))
      );
      const { draft, tensor, frame } = departed;
      const seen = checkTensor('activation', tensor, this.model.manifest.head.activation.shape);
      const outcome = await this.finish(request, draft, frame, seen, watch);
      return { ...outcome, ...(request.activation && { activation: tensor }) };
    });
  }

  /**
   * Run one frame clean and at several strengths. The clean activation is made once; every strength draws its own noise.
   * @throws VeilError as `detect`
   */
  sweep({ image, frame: source, alphas }: SweepRequest, context: DetectContext): Promise<Tasks['sweep']['output']> {
    return this.alone(async () => {
      const plans = alphas.map(alpha => planNoise(this.model, alpha, undefined, this.noiseKey));
      const watch = new Stopwatch(context.checkpoint);
      this.noisy?.keep(plans.length);
      const frame = await this.decode(source, image, watch);
      const clean = await this.runHead(frame, watch);
      const hashes = { frame: frameHash(frame), activation: activationHash(clean) };
      const answer = async (data: Float32Array, alpha: number | null) => {
        await watch.time('tail', () => this.runTail(data, alpha));
        return (await watch.time('postprocess', () => this.read(frame))).detections;
      };
      const withoutNoise = await answer(clean.data, null);
      const noisy: Detection[][] = [];
      const seen: Look[] = [];
      for (const plan of plans) {
        await this.prepare(plan);
        const obfuscated = await watch.time('noise', () => this.addNoise(clean, plan));
        seen.push(this.noisy!.lookAt(hashes, plan.alpha, undefined));
        noisy.push(await answer(obfuscated.data, plan.alpha));
      }
      return {
        clean: withoutNoise,
        noisy,
        width: frame.width,
        height: frame.height,
        timings_ms: watch.timings(),
        device: context.device,
        notices: [...new Set([...context.notices, ...plans.flatMap(({ said }) => said.notices)])],
        model: modelRef(this.model),
        versions: VERSIONS,
        seen
      };
    });
  }

  /** Frame to activation, [1,C,H,W] float32: clean, not obfuscated. */
  forwardHead(frame: Frame, checkpoint: () => void): Promise<WireTensor> {
    return this.alone(async () => {
      const watch = new Stopwatch(checkpoint);
      return toWire(await this.runHead(await this.decode(frame, 'the frame', watch), watch));
    });
  }

  /** Activation [1,C,H,W] to obfuscated activation of the same shape, on the artefact's grid. */
  forwardNoise(activation: WireTensor, { alpha, insecure_seed: seed }: NoiseOptions): Promise<Tasks['noise']['output']> {
    return this.alone(async () => {
      const plan = planNoise(this.model, alpha, seed, this.noiseKey);
      const { shape } = this.model.manifest.head.activation;
      const region = this.arena.regions.activation.float32();
      region.set(checkTensor('activation', activation, shape));
      const clean = cleanActivation(region, shape);
      const obfuscated = toWire(await this.addNoise(clean, plan));
      const look = this.noisy!.lookAt({ frame: null, activation: activationHash(clean) }, plan.alpha, seed);
      return { activation: obfuscated, ...plan.said, look, facts: this.facts(this.noisy!.sourceDigest) };
    });
  }

  /**
   * Activation [1,C,H,W] to the tail's outputs: loc [1,P,4] and conf [1,P,2] of a detector, scores [1,K] of a classifier.
   * @param alpha of the noise in the activation: the server's side for it instead of the plain tail
   */
  forwardTail(activation: WireTensor, alpha?: number): Promise<TailAnswer> {
    return this.alone(async () => {
      const { tail } = this.model.manifest;
      const strength = alpha === undefined ? null : requireAlpha(alpha, requireObfuscation(this.model));
      await this.runTail(checkTensor('activation', activation, tail.activation.shape), strength);
      const tensors = Object.entries(this.reader.outputs).map(([name, { shape }], i): [string, WireTensor] => [
        name,
        { data: this.answers[i].float32().slice(), shape: [1, ...shape] }
      ]);
      return Object.fromEntries(tensors);
    });
  }

  /**
   * What an attacker makes of an activation [1,C,H,W]: RGB, uint8, a square of blocks for each of its cells.
   * @throws VeilError `artefact_missing`, `bad_alpha`, `bad_tensor`
   */
  reconstruct(activation: WireTensor, { attacker, alpha }: ReconstructOptions): Promise<WireTensor> {
    return this.alone(async () => {
      const obfuscation = requireObfuscation(this.model);
      const strength = alpha === undefined ? null : requireAlpha(alpha, obfuscation);
      const seen = checkTensor('activation', activation, this.model.manifest.head.activation.shape);
      const { data, width, height } = await this.noisy!.attack(attacker, seen, strength);
      return { data, shape: [height, width, 3] };
    });
  }

  /**
   * Boxes at or above the threshold, in pixels of a frame of this size, best first; a classifier has none.
   * @param answer of `forwardTail`
   * @throws VeilError `bad_tensor`
   */
  postprocess(answer: TailAnswer, options: { width: number; height: number; threshold: number }): Detection[] {
    const values = Object.entries(this.reader.outputs).map(([name, { shape }]) => checkTensor(name, answer[name], shape));
    return this.reader.read(values, options).detections.filter(({ score }) => score >= options.threshold);
  }

  async release(): Promise<void> {
    await this.alone(() => Promise.all([this.head.release(), this.tail.release(), this.noisy?.release()]));
  }

  private async decode(frame: Frame, name: string, watch: Stopwatch): Promise<Raster> {
    if (frame.kind === 'coded') {
      return watch.time('decode', () => decodeImage(frame.data, name));
    }
    checkRaster(frame);
    return frame;
  }

  private async runHead(frame: Raster, watch: Stopwatch): Promise<CleanActivation> {
    const { input, activation } = this.arena.regions;
    await watch.time('preprocess', () => this.preprocessor.run(frame));
    await watch.time('head', () => this.head.run(input.float32()));
    return cleanActivation(activation.float32(), this.model.manifest.head.activation.shape);
  }

  /** From the frame to what the tail is to see. */
  private async begin({ image, frame: source, options, pictures }: DetectRequest, watch: Stopwatch): Promise<Begun> {
    const plan = planRun(this.model, options, pictures, this.noiseKey);
    await this.prepare(plan, options.tail !== undefined);
    const frame = await this.decode(source, image, watch);
    const clean = await this.runHead(frame, watch);
    const seen = plan ? await watch.time('noise', () => this.addNoise(clean, plan)) : clean;
    return { plan, frame, clean, seen };
  }

  /** The result as far as it is known before the tail ran. */
  private draft({ image, options }: DetectRequest, { plan, frame }: Begun, context: DetectContext): DetectionResult {
    return {
      run: randomUUID(),
      image,
      mode: options.mode,
      alpha: plan ? plan.alpha : null,
      width: frame.width,
      height: frame.height,
      threshold: options.threshold ?? this.reader.threshold(plan !== null),
      detections: [],
      timings_ms: { total: 0 },
      device: context.device,
      notices: [...context.notices, ...(plan?.said.notices ?? [])],
      private: plan?.said.private ?? false,
      model: modelRef(this.model),
      artefact: plan?.said.artefact ?? null,
      versions: VERSIONS
    };
  }

  /**
   * From what a tail left in its regions to the result.
   * @param frame null where no picture is wanted
   * @param seen what the tail saw, [C,H,W]
   */
  private async finish(
    { options, pictures: kinds }: Arriving['request'],
    draft: DetectionResult,
    frame: Raster | null,
    seen: Float32Array,
    watch: Stopwatch
  ): Promise<DetectOutcome> {
    const answer = await watch.time('postprocess', () => this.read(draft));
    const boxes = answer.detections.filter(({ score }) => score >= draft.threshold);
    const source = {
      boxes,
      format: options.picture_format ?? 'jpeg',
      maxSide: options.max_side,
      attack: (kind: PaintedKind) => this.attack(kind, seen, draft.alpha)
    };
    const pictures = frame ? await paint(kinds, { ...source, frame }, watch) : {};
    return { result: { ...draft, ...answer, timings_ms: watch.timings() }, pictures };
  }

  /** The look that a noisy run was. */
  private looked({ options }: DetectRequest, { plan, frame, clean }: Begun): { look?: Look } {
    if (!plan) {
      return {};
    }
    const hashes = { frame: frameHash(frame), activation: activationHash(clean) };
    return { look: this.noisy!.lookAt(hashes, plan.alpha, options.insecure_seed) };
  }

  private facts(source: string): Facts {
    const { tail } = this.model.manifest;
    const step = this.model.obfuscation?.step ?? null;
    return { model: modelRef(this.model), ports: this.reader.outputs, input: tail.activation.name, step, source };
  }

  /** @param elsewhere the server's side runs there, and is not made here */
  private async prepare(plan: NoisePlan | null, elsewhere = false): Promise<void> {
    if (plan) {
      await this.noisy!.prepare(plan.alpha, elsewhere);
    }
  }

  private addNoise(clean: CleanActivation, { alpha, epsilon }: NoisePlan): Promise<ObfuscatedActivation> {
    return this.noisy!.obfuscate(clean, alpha, epsilon);
  }

  /** @param alpha of the noise in the data; null for none */
  private async runTail(data: Float32Array, alpha: number | null): Promise<void> {
    await (alpha === null ? this.tail.run(data) : this.noisy!.runServer(data, alpha));
  }

  /** From what the tail left in its regions. */
  private read(frame: { width: number; height: number }): Answer {
    return this.reader.read(
      this.answers.map(region => region.float32()),
      frame
    );
  }

  private async attack(kind: PaintedKind, seen: Float32Array, alpha: number | null): Promise<Painted> {
    return { pixels: await this.noisy!.attack(PAINTERS[kind], seen, alpha), attacker: PAINTERS[kind] };
  }

  private alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
