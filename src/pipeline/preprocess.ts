import { VeilError, type ModelManifest } from '../protocol';
import { type Arena } from './kernels';
import { MAX_SIDE, checkRaster, readRows, type Raster } from './raster';

const WEIGHT_BITS = 11;
const ONE = 1 << WEIGHT_BITS;

/** Source rows are fetched by blocks: few calls, and a block stays in the processor's cache. */
const BLOCK_BYTES = 384 * 1024;

export type PreprocessRegion = 'rows' | 'columns' | 'resampled' | 'input';

/** Bytes that `Preprocessor` needs of an arena for a model input of this size. */
export function preprocessSizes({ width, height }: ModelManifest['input']): Record<PreprocessRegion, number> {
  return {
    rows: Math.max(BLOCK_BYTES, MAX_SIDE * 3) + 8,
    columns: width * 8,
    resampled: 2 * 3 * width * 4,
    input: 3 * width * height * 4
  };
}

/**
 * Turns a frame into the model's input tensor, in place in the arena's region `input`: bilinear resize with half-pixel
 * centres and without antialiasing, channel order, CHW float32, minus the mean. The resize follows OpenCV's
 * fixed-point INTER_LINEAR for uint8 step by step (11-bit weights, 15-bit rows, rounded to a grey level), because
 * models are trained on it and half a grey level moves a score by up to 0.007.
 *
 * Rows pass through a block of a fixed size and, resampled, a buffer of two, so memory does not depend on the height.
 */
export class Preprocessor {
  private columnsFor = 0;

  constructor(
    private readonly arena: Arena<PreprocessRegion>,
    private readonly input: ModelManifest['input']
  ) {
    if (input.width % 16 !== 0) {
      throw new VeilError(
        'model_mismatch',
        `The model's input is ${input.width} pixels wide, which is not a multiple of 16. Nothing was run.`,
        'Export the model for another input size.'
      );
    }
  }

  /** @throws VeilError `bad_image` or `image_too_large` when the frame is not H x W x 3 bytes */
  run(frame: Raster): void {
    checkRaster(frame);
    const { kernels, regions } = this.arena;
    const { width: columns, height: rows, mean, channel_order: order } = this.input;
    this.layColumns(frame.width);
    const reverse = frame.order === order ? 0 : 1;
    const scale = 1 / (rows / frame.height);
    const sourceRow = blocksOf(frame, regions.rows.uint8(), scale);
    const rowBytes = regions.resampled.bytes / 2;
    const slots = [regions.resampled.at, regions.resampled.at + rowBytes];
    const held = [-1, -1];

    // Where a source row lies after resampling; rows alternate between the two slots, so neighbours live side by side.
    const resampled = (y: number): number => {
      const slot = y & 1;
      if (held[slot] !== y) {
        kernels.resampleRow(regions.rows.at + sourceRow(y), regions.columns.at, columns, reverse, slots[slot]);
        held[slot] = y;
      }
      return slots[slot];
    };

    const planeBytes = columns * rows * 4;
    for (let y = 0; y < rows; y++) {
      const position = Math.fround((y + 0.5) * scale - 0.5);
      const above = Math.floor(position);
      const fraction = Math.fround(position - above);
      const upper = resampled(Math.max(above, 0));
      const lower = resampled(Math.min(above + 1, frame.height - 1));
      kernels.blendRows(
        upper,
        lower,
        columns,
        fixed(Math.fround(1 - fraction)),
        fixed(fraction),
        regions.input.at + y * columns * 4,
        planeBytes,
        mean[0],
        mean[1],
        mean[2]
      );
    }
  }

  /** Offsets and weights of each output column for frames of this width. */
  private layColumns(width: number): void {
    if (width === this.columnsFor) {
      return;
    }
    const offsets = this.arena.regions.columns.int32();
    const weights = this.arena.regions.columns.int16();
    const scale = 1 / (this.input.width / width);
    for (let x = 0; x < this.input.width; x++) {
      const position = Math.fround((x + 0.5) * scale - 0.5);
      const left = Math.floor(position);
      const inside = left >= 0 && left < width - 1;
      const fraction = inside ? Math.fround(position - left) : 0;
      offsets[2 * x] = 3 * Math.min(Math.max(left, 0), width - 1);
      weights[4 * x + 2] = fixed(Math.fround(1 - fraction));
      weights[4 * x + 3] = fixed(fraction);
    }
    this.columnsFor = width;
  }
}

/**
 * Where row y of the frame lies in `block`, bytes, for ascending y: the rows from y on are fetched when it is not there,
 * as many as fit, or only the pair that is interpolated when the resize by `scale` passes over rows in between.
 */
function blocksOf(frame: Raster, block: Uint8Array, scale: number): (y: number) => number {
  const stride = frame.width * 3;
  const fit = Math.floor((block.length - 8) / stride);
  const most = scale > 2 ? Math.min(2, fit) : fit;
  let first = 0;
  let count = 0;
  return y => {
    if (y >= first + count) {
      first = y;
      count = Math.min(most, frame.height - y);
      readRows(frame, first, block.subarray(0, count * stride));
    }
    return (y - first) * stride;
  };
}

/** An 11-bit weight, rounded half to even. */
function fixed(weight: number): number {
  const scaled = weight * ONE;
  const down = Math.floor(scaled);
  const rest = scaled - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}
