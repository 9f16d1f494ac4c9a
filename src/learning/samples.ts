import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readOnnxFile } from '../models/onnx';
import { forRuntime } from '../models/runtime-graph';
import { BLOCKS, TARGETS, targetIndex } from '../evaluation/targets';
import { outputsOf } from '../models/manifest';
import { type LoadedModel } from '../models';
import { decodeImage } from '../pipeline/codec';
import { openArena } from '../pipeline/kernels';
import { Preprocessor, preprocessSizes } from '../pipeline/preprocess';
import { type ModelManifest } from '../protocol';
import { LearningSession, type LearningDevice } from './session';
import { type Answer } from './task';
import { type Values } from './values';

/** What learning keeps of one photograph. */
export interface Sample {
  path: string;
  width: number;
  height: number;
  /** The head's answer, [C,H,W]. */
  activation: Float32Array;
  /** The clean model's answer. */
  answer: Answer;
  /** What attackers are to recover: `imageTargets`, [48,H,W]. */
  target: Float32Array;
}

/** Turns photographs into samples: the same pre-processing as in use, then the head. */
export class Sampler {
  private constructor(
    private readonly manifest: ModelManifest,
    private readonly arena: Awaited<ReturnType<typeof openSamplerArena>>,
    private readonly head: LearningSession,
    private readonly tail: LearningSession
  ) {}

  static async open({ manifest, dir }: Pick<LoadedModel, 'manifest' | 'dir'>, device: LearningDevice): Promise<Sampler> {
    const open = async ({ file }: { file: string }) =>
      LearningSession.open(forRuntime(await readOnnxFile(join(dir, file)), { kind: 'cpu' }), device);
    return new Sampler(manifest, await openSamplerArena(manifest), await open(manifest.head), await open(manifest.tail));
  }

  /** @throws VeilError `bad_image`, `image_too_large` */
  async sample(path: string): Promise<Sample> {
    const frame = await decodeImage(await readFile(path), path);
    const { head, tail, input } = this.manifest;
    new Preprocessor(this.arena, input).run(frame);
    const pixels: Values = { data: this.arena.regions.input.float32(), dims: [1, 3, input.height, input.width] };
    const activation = (await this.head.run({ [head.input.name]: pixels }))[head.activation.name];
    const outputs = await this.tail.run({ [tail.activation.name]: activation });
    const answer = Object.fromEntries(outputsOf(this.manifest).map(({ name }) => [name, outputs[name].data]));
    const [, height, width] = head.activation.shape;
    const target = imageTargets(pixels.data, input, height, width);
    return { path, width: frame.width, height: frame.height, activation: activation.data, answer, target };
  }

  async release(): Promise<void> {
    await this.head.release();
    await this.tail.release();
  }
}

const openSamplerArena = (manifest: ModelManifest) => openArena(preprocessSizes(manifest.input));

/**
 * The picture as attackers are asked for it: each cell of the activation as 4 x 4 RGB means in 0…1.
 * @param input the network's input, [3,h,w]: grey levels less the model's mean
 * @returns [48,H,W] by `targetIndex`; the values of `cellTargets` for the same frame
 */
export function imageTargets(input: Float32Array, spec: ModelManifest['input'], height: number, width: number): Float32Array {
  const [tall, wide] = [spec.height / height / BLOCKS, spec.width / width / BLOCKS];
  const targets = new Float32Array(TARGETS * height * width);
  const scale = 1 / (255 * tall * wide);
  for (let plane = 0; plane < 3; plane++) {
    const channel = spec.channel_order === 'bgr' ? 2 - plane : plane;
    const lift = spec.mean[plane] / 255;
    for (let y = 0; y < spec.height; y++) {
      const block = Math.floor(y / tall);
      for (let x = 0, column = 0; column < width * BLOCKS; column++) {
        let sum = 0;
        for (const end = x + wide; x < end; x++) {
          sum += input[(plane * spec.height + y) * spec.width + x];
        }
        const target = targetIndex(block % BLOCKS, column % BLOCKS, channel);
        const at = (target * height + Math.floor(block / BLOCKS)) * width + Math.floor(column / BLOCKS);
        targets[at] += scale * sum + (y % tall === 0 ? lift : 0);
      }
    }
  }
  return targets;
}
