import type { FileHandle } from 'node:fs/promises';
import type {
  Attacker,
  Detection,
  DetectionResult,
  DeviceInfo,
  Looks,
  ModelRef,
  ModelSummary,
  PictureKind,
  RunOptions,
  Timings,
  WireTensor
} from '../protocol';
import type { Arrival } from './departure';

interface Raster {
  width: number;
  height: number;
  order: 'rgb' | 'bgr';
}

/**
 * A frame as it enters the pipeline: H x W x 3 uint8 pixels, row-major, or the bytes of a coded image. Pixels are in
 * memory, or are the first bytes of a file in memory (a memfd) that another process keeps unchanged until the run ends.
 */
export type Frame =
  | ({ kind: 'pixels'; data: Uint8Array } & Raster)
  | ({ kind: 'shared'; file: FileHandle } & Raster)
  | { kind: 'coded'; data: Uint8Array };

export interface DetectRequest {
  /** Name of the source, for messages and results. */
  image: string;
  frame: Frame;
  options: RunOptions;
  pictures: readonly PictureKind[];
  /** Return the activation that the tail saw. */
  activation: boolean;
}

export interface CodedPicture {
  mime: 'image/jpeg' | 'image/png';
  width: number;
  height: number;
  data: Uint8Array;
  /** Who made it, where it is an attacker's. */
  attacker?: string;
}

export interface DetectOutcome {
  result: DetectionResult;
  pictures: Partial<Record<PictureKind, CodedPicture>>;
  /** [1,C,H,W] float32 when asked for. */
  activation?: WireTensor;
}

export interface SweepRequest extends ForwardOptions {
  /** Name of the source, for messages. */
  image: string;
  frame: Frame;
  alphas: readonly number[];
}

/** What one frame gives without noise and at several strengths, down to the model's score cut. */
export interface SweepOutcome {
  clean: Detection[];
  /** For each ALPHA, in the order of the request. */
  noisy: Detection[][];
  /** Of the frame, pixels. */
  width: number;
  height: number;
  timings_ms: Timings;
  device: string;
  /** Lines a person must see, each once. */
  notices: string[];
  model: ModelRef;
  versions: Record<string, string>;
  /** At the source of this frame: every strength is a look of its own. */
  looks: Looks | null;
}

export interface ForwardOptions {
  model?: string;
  device?: string;
}

export interface TailOptions extends ForwardOptions {
  /** Of the noise in the activation: the server's side for it runs instead of the plain tail. */
  alpha?: number;
}

export interface ElsewhereOptions {
  /** The server's model: `TailUrl`. */
  tail: string;
  /** Of the noise in the activation, if it is to be checked. */
  alpha?: number;
  dry_run?: boolean;
  /** The workspace snapshot that this belongs to, where one is known. */
  snapshot?: string;
}

export interface ReconstructOptions extends ForwardOptions {
  attacker: Attacker;
  /** Of the noise in the activation; none for a clean one. */
  alpha?: number;
}

/** The tail's outputs: loc and conf of a detector, scores of a classifier, each with a batch axis of 1. */
export type TailAnswer = Record<string, WireTensor>;

export interface NoiseOptions {
  model?: string;
  alpha: number;
  insecure_seed?: number;
}

export interface NoiseOutcome {
  /** [1,C,H,W] float32 on the artefact's grid. */
  activation: WireTensor;
  artefact: NonNullable<DetectionResult['artefact']>;
  notices: string[];
  private: boolean;
  /** At the source of this activation, runs of whole frames included. */
  looks?: Looks;
}

/**
 * The detector over all compute workers of this process. Every method rejects with a VeilError;
 * an aborted signal drops a queued job at once and stops a running one at its next stage.
 * Arrays handed in are moved to a worker when they fill their ArrayBuffer: do not read them afterwards
 * (put them on a SharedArrayBuffer to keep them without a copy). The file of a shared frame is moved in the same way
 * to a worker that reads it, which closes it; the caller closes it after every run, which does nothing to one that moved.
 */
export interface Compute {
  /** Every device of this machine, usable or not, with the reason. */
  devices(): Promise<DeviceInfo[]>;
  /** What a device choice resolves to, and the lines a person must see about it. */
  resolveDevice(choice: string): Promise<{ device: string; notices: string[] }>;
  describeModel(model?: string): Promise<ModelSummary>;
  detect(request: DetectRequest, signal?: AbortSignal): Promise<DetectOutcome>;
  /**
   * One frame clean and at each ALPHA, with fresh noise for each: it is decoded once and goes through the head once. Nothing
   * of it leaves this process, but whoever sent all these tensors would give so many looks at one source.
   */
  sweep(request: SweepRequest, signal?: AbortSignal): Promise<SweepOutcome>;
  forwardHead(frame: Frame, options: ForwardOptions, signal?: AbortSignal): Promise<WireTensor>;
  forwardNoise(activation: WireTensor, options: NoiseOptions, signal?: AbortSignal): Promise<NoiseOutcome>;
  forwardTail(activation: WireTensor, options: TailOptions, signal?: AbortSignal): Promise<TailAnswer>;
  /**
   * The same by a tail elsewhere, for an activation that `forwardNoise` of this process made and nobody changed: the answer
   * is null in a dry run.
   */
  forwardElsewhere(activation: WireTensor, options: ElsewhereOptions, signal?: AbortSignal): Promise<Arrival>;
  /** What an attacker makes of an activation: uint8 [H,W,3], RGB; for the bundled model 128 x 128. */
  reconstruct(activation: WireTensor, options: ReconstructOptions, signal?: AbortSignal): Promise<WireTensor>;
  postprocess(
    answer: TailAnswer,
    options: { model?: string; width: number; height: number; threshold: number }
  ): Promise<Detection[]>;
  close(): Promise<void>;
}
