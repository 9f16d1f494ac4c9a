import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { noNoise } from '../../learning/leakage';
import { imageTargets, type Sample } from '../../learning/samples';
import { LearningSession } from '../../learning/session';
import { forRuntime } from '../../models';
import { readOnnxFile } from '../../models/onnx';
import { decodeImage } from '../../pipeline/codec';
import { openArena } from '../../pipeline/kernels';
import { Preprocessor, preprocessSizes } from '../../pipeline/preprocess';
import { type Method, type Setting } from './method';

/** Boxes are drawn tight: so much more is blurred on each side, as a share of the box. */
const MARGIN = 0.1;
/** Of sharp's Gaussian blur, pixels. */
const SIGMA: [number, number] = [0.3, 1000];

/**
 * The faces that the clean model finds are blurred in the photograph, and that is sent. What it does not find is sent as it
 * is, and so is all around. The attacker has the picture as it is, and learns to sharpen it from pictures of the same kind.
 */
export const blur: Method = {
  title: 'Blur of the detected faces',
  unit: 'deviation / width of the face',
  range: [0.002, 1],
  open: async (setting, strength) => {
    const { subject, statistics } = setting;
    const blurred = await Blurrer.open(setting, strength);
    return {
      send: async sample => (await blurred.see(sample)).activation,
      server: subject.pass.tail,
      attacker: {
        undo: async z => z,
        noise: noNoise(statistics.spectra),
        statistics,
        picture: async sample => (await blurred.see(sample)).target
      },
      release: () => blurred.release()
    };
  }
};

/** Photographs with blurred faces, through the pre-processing and the head. */
class Blurrer {
  /** What was made of a photograph already: the decoder's training comes back to each. */
  private readonly made = new Map<Sample, Promise<Pick<Sample, 'activation' | 'target'>>>();

  private constructor(
    private readonly setting: Setting,
    private readonly strength: number,
    private readonly arena: Awaited<ReturnType<typeof openArena<'rows' | 'columns' | 'resampled' | 'input'>>>,
    private readonly head: LearningSession
  ) {}

  static async open(setting: Setting, strength: number): Promise<Blurrer> {
    const { dir, manifest } = setting.model;
    const head = forRuntime(await readOnnxFile(join(dir, manifest.head.file)), { kind: 'cpu' });
    const session = await LearningSession.open(head, setting.subject.pass.device);
    return new Blurrer(setting, strength, await openArena(preprocessSizes(manifest.input)), session);
  }

  see(sample: Sample): Promise<Pick<Sample, 'activation' | 'target'>> {
    const made = this.made.get(sample) ?? this.make(sample);
    this.made.set(sample, made);
    return made;
  }

  private async make(sample: Sample): Promise<Pick<Sample, 'activation' | 'target'>> {
    const { head, input } = this.setting.model.manifest;
    const frame = await decodeImage(await readFile(sample.path), sample.path);
    const data = await blurBoxes(frame, this.setting.boxes(sample), this.strength);
    new Preprocessor(this.arena, input).run({ ...frame, data });
    const pixels = { data: this.arena.regions.input.float32().slice(), dims: [1, 3, input.height, input.width] };
    const [, height, width] = head.activation.shape;
    const { [head.activation.name]: activation } = await this.head.run({ [head.input.name]: pixels });
    return { activation: activation.data, target: imageTargets(pixels.data, input, height, width) };
  }

  release(): Promise<void> {
    return this.head.release();
  }
}

interface Frame {
  data: Uint8Array;
  width: number;
  height: number;
}

/** @returns RGB of the frame, blurred within the boxes */
export async function blurBoxes(
  { data, width, height }: Frame,
  boxes: readonly { x1: number; y1: number; x2: number; y2: number }[],
  strength: number
): Promise<Uint8Array> {
  const result = Uint8Array.from(data);
  for (const { x1, y1, x2, y2 } of boxes) {
    const [wide, tall] = [MARGIN * (x2 - x1), MARGIN * (y2 - y1)];
    const left = Math.max(0, Math.floor(x1 - wide));
    const top = Math.max(0, Math.floor(y1 - tall));
    const region = {
      left,
      top,
      width: Math.min(width, Math.ceil(x2 + wide)) - left,
      height: Math.min(height, Math.ceil(y2 + tall)) - top
    };
    const sigma = Math.min(Math.max(strength * (x2 - x1), SIGMA[0]), SIGMA[1]);
    const patch = await sharp(data, { raw: { width, height, channels: 3 } })
      .extract(region)
      .blur(sigma)
      .raw()
      .toBuffer();
    for (let y = 0; y < region.height; y++) {
      const row = patch.subarray(3 * y * region.width, 3 * (y + 1) * region.width);
      result.set(row, 3 * ((top + y) * width + left));
    }
  }
  return result;
}
