import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { env } from 'onnxruntime-node';
import { VERSION, VeilError, type Detection, type DetectionResult, type WireTensor } from '../protocol';
import { modelRef, type DetectorModel } from '../models';
import {
  checkTensor,
  cleanActivation,
  toWire,
  type AnyActivation,
  type CleanActivation,
  type ObfuscatedActivation
} from './activation';
import { postprocess } from './boxes';
import { decodeImage } from './codec';
import type { DetectOutcome, DetectRequest, Frame, NoiseOptions, NoiseOutcome } from './compute';
import { openArena, type Arena } from './kernels';
import { noiseSizes, obfuscate, requireObfuscation, type NoiseRegion } from './noise';
import { planNoise, planRun, type NoisePlan } from './noise-plan';
import { paint } from './pictures';
import { Preprocessor, preprocessSizes, type PreprocessRegion } from './preprocess';
import { layPriors } from './priors';
import { checkRaster, type Pixels, type Raster } from './raster';
import { LinearAttacker } from './reconstruct';
import { Graph, type Provider } from './session';
import { Stopwatch } from './stopwatch';

const VERSIONS = { veilbook: VERSION, onnxruntime: env.versions.node ?? env.versions.common, node: process.versions.node };

type RegionName = PreprocessRegion | NoiseRegion | 'loc' | 'conf';

export interface DetectContext {
  /** The device that runs this, as results name it. */
  device: string;
  /** Lines about the device that a person must see. */
  notices: string[];
  /** Called between stages; throws VeilError `cancelled` to stop. */
  checkpoint: () => void;
}

/**
 * One model on one device: the whole way of a frame. It runs one frame at a time; calls wait for each other, because
 * they share the kernels' memory. Every method rejects with a VeilError.
 */
export class Detector {
  private last: Promise<unknown> = Promise.resolve();
  private readonly preprocessor: Preprocessor;
  private attacker: LinearAttacker | undefined;

  private constructor(
    private readonly model: DetectorModel,
    private readonly arena: Arena<RegionName>,
    private readonly head: Graph,
    private readonly tail: Graph,
    private readonly priors: Float32Array
  ) {
    this.preprocessor = new Preprocessor(arena, model.manifest.input);
  }

  /** @throws VeilError `device_unavailable` or `model_mismatch` */
  static async open(model: DetectorModel, provider: Provider, threads: number): Promise<Detector> {
    const { input, head, tail } = model.manifest;
    const priors = layPriors(model.manifest);
    checkColumns(priors.length / 4, model);
    const bytes = (shape: readonly number[]) => 4 * shape.reduce((product, n) => product * n, 1);
    const arena = await openArena<RegionName>({
      ...preprocessSizes(input),
      ...noiseSizes(head.activation.shape),
      loc: bytes(tail.loc.shape),
      conf: bytes(tail.conf.shape)
    });
    const { regions } = arena;
    const headGraph = await Graph.open(join(model.dir, head.file), provider, threads, head.input, [
      { ...head.activation, region: regions.activation }
    ]);
    try {
      const tailGraph = await Graph.open(join(model.dir, tail.file), provider, threads, tail.activation, [
        { ...tail.loc, region: regions.loc },
        { ...tail.conf, region: regions.conf }
      ]);
      return new Detector(model, arena, headGraph, tailGraph, priors);
    } catch (error) {
      await headGraph.release();
      throw error;
    }
  }

  /**
   * Run one frame.
   * @throws VeilError `bad_request`, `bad_alpha`, `artefact_missing`, `bad_image`, `image_too_large`, `bad_tensor`, `cancelled`
   */
  detect(
    { image, frame: source, options, pictures: kinds, activation }: DetectRequest,
    context: DetectContext
  ): Promise<DetectOutcome> {
    return this.alone(async () => {
      const plan = planRun(this.model, options, kinds);
      const watch = new Stopwatch(context.checkpoint);
      const frame = await this.decode(source, image, watch);
      const clean = await this.runHead(frame, watch);
      const seen = plan ? await watch.time('noise', () => this.addNoise(clean, plan)) : clean;
      await watch.time('tail', () => this.tail.run(seen.data));
      const detections = await watch.time('postprocess', () => this.boxes(frame));
      const defaults = this.model.manifest.postprocess;
      const threshold = options.threshold ?? (plan ? defaults.noisy_threshold : defaults.threshold);
      const pictures = await paint(
        kinds,
        {
          frame,
          boxes: detections.filter(({ score }) => score >= threshold),
          format: options.picture_format ?? 'jpeg',
          maxSide: options.max_side,
          reconstruct: () => this.reconstruct(seen, plan?.alpha ?? 0)
        },
        watch
      );
      const result: DetectionResult = {
        run: randomUUID(),
        image,
        mode: options.mode,
        alpha: plan ? plan.alpha : null,
        width: frame.width,
        height: frame.height,
        threshold,
        detections,
        timings_ms: watch.timings(),
        device: context.device,
        notices: [...context.notices, ...(plan?.said.notices ?? [])],
        private: plan?.said.private ?? false,
        model: modelRef(this.model),
        artefact: plan?.said.artefact ?? null,
        versions: VERSIONS
      };
      return { result, pictures, ...(activation && { activation: toWire(seen) }) };
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
  forwardNoise(activation: WireTensor, { alpha, insecure_seed: seed }: NoiseOptions): Promise<NoiseOutcome> {
    return this.alone(async () => {
      const plan = planNoise(this.model, alpha, seed);
      const { shape } = this.model.manifest.head.activation;
      const region = this.arena.regions.activation.float32();
      region.set(checkTensor('activation', activation, shape));
      return { activation: toWire(this.addNoise(cleanActivation(region, shape), plan)), ...plan.said };
    });
  }

  /** Activation [1,C,H,W], clean or obfuscated, to loc [1,P,4] and conf [1,P,2]. */
  forwardTail(activation: WireTensor): Promise<{ loc: WireTensor; conf: WireTensor }> {
    return this.alone(async () => {
      const { tail } = this.model.manifest;
      await this.tail.run(checkTensor('activation', activation, tail.activation.shape));
      const { loc, conf } = this.arena.regions;
      return {
        loc: { data: loc.float32().slice(), shape: [1, ...tail.loc.shape] },
        conf: { data: conf.float32().slice(), shape: [1, ...tail.conf.shape] }
      };
    });
  }

  /** Boxes at or above the threshold, in pixels of a frame of this size, best first. */
  postprocess(
    heads: { loc: WireTensor; conf: WireTensor },
    options: { width: number; height: number; threshold: number }
  ): Detection[] {
    const { tail, postprocess: settings } = this.model.manifest;
    const loc = checkTensor('loc', heads.loc, tail.loc.shape);
    const conf = checkTensor('conf', heads.conf, tail.conf.shape);
    return postprocess(loc, conf, this.priors, options, settings).filter(({ score }) => score >= options.threshold);
  }

  async release(): Promise<void> {
    await this.alone(() => Promise.all([this.head.release(), this.tail.release()]));
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

  private addNoise(clean: CleanActivation, { obfuscation, alpha, random }: NoisePlan): ObfuscatedActivation {
    return obfuscate(clean, obfuscation, alpha, this.arena, random);
  }

  /** From what the tail left in its regions. */
  private boxes(frame: Raster): Detection[] {
    const { loc, conf } = this.arena.regions;
    return postprocess(loc.float32(), conf.float32(), this.priors, frame, this.model.manifest.postprocess);
  }

  private reconstruct(seen: AnyActivation, alpha: number): Pixels {
    this.attacker ??= new LinearAttacker(requireObfuscation(this.model));
    return this.attacker.reconstruct(seen, alpha);
  }

  private alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => undefined);
    return turn;
  }
}

/** One row of boxes and scores for each prior. */
function checkColumns(priors: number, { dir, manifest: { tail, postprocess } }: DetectorModel): void {
  const fits = tail.loc.shape.join() === [priors, 4].join() && tail.conf.shape.join() === [priors, 2].join();
  if (!fits || postprocess.face_index > 1) {
    throw new VeilError(
      'model_mismatch',
      `${dir} describes ${priors} priors, boxes of [${tail.loc.shape}] and scores of [${tail.conf.shape}]. Nothing was run.`,
      `Correct model.json: boxes must be [${priors},4], scores [${priors},2].`
    );
  }
}
