import type { DetectorModel } from '../models';
import { VeilError, type RunOptions, type Timings } from '../protocol';
import { BENCH_HEIGHT, BENCH_WIDTH, type BenchFrame } from './bench-frame';
import type { DetectOutcome, Frame } from './compute';
import { Detector } from './detector';
import type { Provider } from './session';

export const STAGES = ['jpeg_decode', 'preprocess', 'head', 'noise', 'tail', 'boxes_nms', 'draw_encode'] as const;
export type Stage = (typeof STAGES)[number];

/** One round: milliseconds of each stage, and of pixels in -> boxes out as the caller's clock sees it. */
export type Round = Record<Stage | 'array_to_boxes', number>;

/** The detector of one device in this process, without workers: what is measured is the pipeline alone. */
export class Bench {
  private constructor(
    private readonly detector: Detector,
    private readonly frame: BenchFrame,
    private readonly options: RunOptions,
    private readonly device: string,
    readonly alpha: number
  ) {}

  /** @throws VeilError `artefact_missing` when the model has no obfuscation to measure. */
  static async open(model: DetectorModel, provider: Provider, threads: number, frame: BenchFrame): Promise<Bench> {
    if (!model.obfuscation) {
      const remedy = 'Use a model that has an artefact, such as the bundled faceboxes.';
      throw new VeilError('artefact_missing', `${model.dir} has no obfuscation. Nothing was measured.`, remedy);
    }
    const { alpha } = model.obfuscation.document.knots[0];
    const detector = await Detector.open(model, provider, threads);
    const device = provider.kind === 'cuda' ? `cuda:${provider.index}` : provider.kind;
    return new Bench(detector, frame, { mode: 'noisy', alpha }, device, alpha);
  }

  async round(): Promise<Round> {
    const coded = await this.detect({ kind: 'coded', data: this.frame.jpeg }, true);
    const started = performance.now();
    await this.detect(this.pixels(), false);
    const arrayToBoxes = performance.now() - started;
    return { ...byStage(coded.result.timings_ms), array_to_boxes: arrayToBoxes };
  }

  /** Milliseconds from a clean activation to an obfuscated one, inside a run on the frame's pixels. */
  async noise(): Promise<number> {
    return (await this.detect(this.pixels(), false)).result.timings_ms.noise ?? NaN;
  }

  /** Boxes at or above the threshold, to see that both sides of a comparison found the same. */
  async faces(): Promise<number> {
    const { result } = await this.detect(this.pixels(), false);
    return result.detections.filter(({ score }) => score >= result.threshold).length;
  }

  release(): Promise<void> {
    return this.detector.release();
  }

  private pixels(): Frame {
    return { kind: 'pixels', data: this.frame.pixels, width: BENCH_WIDTH, height: BENCH_HEIGHT, order: 'bgr' };
  }

  private detect(frame: Frame, picture: boolean): Promise<DetectOutcome> {
    const request = {
      image: 'bench',
      frame,
      options: this.options,
      pictures: picture ? ['annotated' as const] : [],
      activation: false
    };
    return this.detector.detect(request, { device: this.device, notices: [], checkpoint: () => undefined });
  }
}

function byStage(timings: Timings): Record<Stage, number> {
  return {
    jpeg_decode: timings.decode ?? NaN,
    preprocess: timings.preprocess ?? NaN,
    head: timings.head ?? NaN,
    noise: timings.noise ?? NaN,
    tail: timings.tail ?? NaN,
    boxes_nms: timings.postprocess ?? NaN,
    draw_encode: (timings.annotate ?? NaN) + (timings.encode ?? NaN)
  };
}
