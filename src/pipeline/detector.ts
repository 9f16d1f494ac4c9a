import { hash, randomBytes } from 'node:crypto';
import type { Detection, DetectionResult, WireTensor } from '../protocol';
import { modelRef, type LoadedModel } from '../models';
import { checkTensor, toWire, type AnyActivation, type CleanActivation } from './activation';
import type { DetectOutcome, DetectRequest, Frame, NoiseOptions, ReconstructOptions, SweepRequest, TailAnswer } from './compute';
import type { Arriving, Departed } from './departure';
import { draftOf, factsOf, VERSIONS } from './draft';
import { activationHash, frameHash, type Look } from './look-signature';
import { requireAlpha, requireObfuscation } from './noise';
import { planNoise, planRun, type NoisePlan } from './noise-plan';
import { PAINTERS, type PaintedKind } from './painters';
import { paint, type Painted } from './pictures';
import { toPixels, type Raster } from './raster';
import type { Provider } from './session';
import { Stages } from './stages';
import { Stopwatch } from './stopwatch';
import type { Looked, Tasks } from './worker-messages';

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

  private constructor(
    private readonly stages: Stages,
    private readonly noiseKey: Uint8Array
  ) {}

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
    return new Detector(await Stages.open(model, provider, threads), noiseKey);
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
      await watch.time('tail', () => this.stages.runTail(seen.data, plan?.alpha ?? null));
      const outcome = await this.finish(request, draftOf(this.stages, request, begun, context), frame, seen.data, watch);
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
        draft: { ...draftOf(this.stages, request, begun, context), timings_ms: watch.timings() },
        facts: factsOf(this.stages, plan ? this.stages.noisy!.sourceDigest : hash('sha256', seen.data)),
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
      this.stages.takeAnswer(answer);
      const { draft, tensor, frame } = departed;
      const seen = checkTensor('activation', tensor, this.stages.model.manifest.head.activation.shape);
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
      const plans = alphas.map(alpha => planNoise(this.stages.model, alpha, undefined, this.noiseKey));
      const watch = new Stopwatch(context.checkpoint);
      this.stages.noisy?.keep(plans.length);
      const frame = await this.stages.decode(source, image, watch);
      const clean = await this.stages.runHead(frame, watch);
      const hashes = { frame: frameHash(frame), activation: activationHash(clean) };
      const answer = async (data: Float32Array, alpha: number | null) => {
        await watch.time('tail', () => this.stages.runTail(data, alpha));
        return (await watch.time('postprocess', () => this.stages.read(frame))).detections;
      };
      const withoutNoise = await answer(clean.data, null);
      const noisy: Detection[][] = [];
      const seen: Look[] = [];
      for (const plan of plans) {
        await this.prepare(plan);
        const obfuscated = await watch.time('noise', () => this.stages.addNoise(clean, plan));
        seen.push(this.stages.noisy!.lookAt(hashes, plan.alpha, undefined));
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
        model: modelRef(this.stages.model),
        versions: VERSIONS,
        seen
      };
    });
  }

  /** Frame to activation, [1,C,H,W] float32: clean, not obfuscated. */
  forwardHead(frame: Frame, checkpoint: () => void): Promise<WireTensor> {
    return this.alone(async () => {
      const watch = new Stopwatch(checkpoint);
      return toWire(await this.stages.runHead(await this.stages.decode(frame, 'the frame', watch), watch));
    });
  }

  /** Activation [1,C,H,W] to obfuscated activation of the same shape, on the artefact's grid. */
  forwardNoise(activation: WireTensor, { alpha, insecure_seed: seed }: NoiseOptions): Promise<Tasks['noise']['output']> {
    return this.alone(async () => {
      const plan = planNoise(this.stages.model, alpha, seed, this.noiseKey);
      const clean = this.stages.takeClean(activation);
      const obfuscated = toWire(await this.stages.addNoise(clean, plan));
      const look = this.stages.noisy!.lookAt({ frame: null, activation: activationHash(clean) }, plan.alpha, seed);
      return { activation: obfuscated, ...plan.said, look, facts: factsOf(this.stages, this.stages.noisy!.sourceDigest) };
    });
  }

  /**
   * Activation [1,C,H,W] to the tail's outputs: loc [1,P,4] and conf [1,P,2] of a detector, scores [1,K] of a classifier.
   * @param alpha of the noise in the activation: the server's side for it instead of the plain tail
   */
  forwardTail(activation: WireTensor, alpha?: number): Promise<TailAnswer> {
    return this.alone(async () => {
      const { tail } = this.stages.model.manifest;
      const strength = alpha === undefined ? null : requireAlpha(alpha, requireObfuscation(this.stages.model));
      await this.stages.runTail(checkTensor('activation', activation, tail.activation.shape), strength);
      return this.stages.answer();
    });
  }

  /**
   * What an attacker makes of an activation [1,C,H,W]: RGB, uint8, a square of blocks for each of its cells.
   * @throws VeilError `artefact_missing`, `bad_alpha`, `bad_tensor`
   */
  reconstruct(activation: WireTensor, { attacker, alpha }: ReconstructOptions): Promise<WireTensor> {
    return this.alone(async () => {
      const obfuscation = requireObfuscation(this.stages.model);
      const strength = alpha === undefined ? null : requireAlpha(alpha, obfuscation);
      const seen = checkTensor('activation', activation, this.stages.model.manifest.head.activation.shape);
      const { data, width, height } = await this.stages.noisy!.attack(attacker, seen, strength);
      return { data, shape: [height, width, 3] };
    });
  }

  /**
   * Boxes at or above the threshold, in pixels of a frame of this size, best first; a classifier has none.
   * @param answer of `forwardTail`
   * @throws VeilError `bad_tensor`
   */
  postprocess(answer: TailAnswer, options: { width: number; height: number; threshold: number }): Detection[] {
    const values = Object.entries(this.stages.reader.outputs).map(([name, { shape }]) => checkTensor(name, answer[name], shape));
    return this.stages.reader.read(values, options).detections.filter(({ score }) => score >= options.threshold);
  }

  async release(): Promise<void> {
    await this.alone(() => this.stages.release());
  }

  /** From the frame to what the tail is to see. */
  private async begin({ image, frame: source, options, pictures }: DetectRequest, watch: Stopwatch): Promise<Begun> {
    const plan = planRun(this.stages.model, options, pictures, this.noiseKey);
    await this.prepare(plan, options.tail !== undefined);
    const frame = await this.stages.decode(source, image, watch);
    const clean = await this.stages.runHead(frame, watch);
    const seen = plan ? await watch.time('noise', () => this.stages.addNoise(clean, plan)) : clean;
    return { plan, frame, clean, seen };
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
    const answer = await watch.time('postprocess', () => this.stages.read(draft));
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
    return { look: this.stages.noisy!.lookAt(hashes, plan.alpha, options.insecure_seed) };
  }

  /** @param elsewhere the server's side runs there, and is not made here */
  private async prepare(plan: NoisePlan | null, elsewhere = false): Promise<void> {
    if (plan) {
      await this.stages.noisy!.prepare(plan.alpha, elsewhere);
    }
  }

  private async attack(kind: PaintedKind, seen: Float32Array, alpha: number | null): Promise<Painted> {
    return { pixels: await this.stages.noisy!.attack(PAINTERS[kind], seen, alpha), attacker: PAINTERS[kind] };
  }

  private alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
