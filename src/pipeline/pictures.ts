import type { Detection, PictureFormat, PictureKind } from '../protocol';
import { drawBoxes } from './annotate';
import { encodePicture } from './codec';
import type { CodedPicture } from './compute';
import { copyPixels, toPixels, type Pixels, type Raster } from './raster';
import type { PaintedKind } from './painters';
import type { Stopwatch } from './stopwatch';

/** Longest side of a reconstruction: it has 128 x 128 pixels of its own, more would only be smoother. */
const RECONSTRUCTION_SIDE = 512;

export interface PictureSource {
  frame: Raster;
  /** Those to draw. */
  boxes: readonly Detection[];
  format: PictureFormat;
  /** Longest side of `frame`, pixels. */
  maxSide?: number;
  attack: (kind: PaintedKind) => Promise<Painted>;
}

/** What an attacker made of the activation, and who. */
export interface Painted {
  pixels: Pixels;
  attacker: string;
}

/** Make and code the pictures that were asked for, and none else. */
export async function paint(
  kinds: readonly PictureKind[],
  source: PictureSource,
  watch: Stopwatch
): Promise<Partial<Record<PictureKind, CodedPicture>>> {
  const pictures: Partial<Record<PictureKind, CodedPicture>> = {};
  for (const kind of new Set(kinds)) {
    const { pixels, size, attacker } = await sketch(kind, source, watch);
    const coded = await watch.time('encode', () => encodePicture(pixels, source.format, size));
    pictures[kind] = { ...coded, ...(attacker && { attacker }) };
  }
  return pictures;
}

interface Sketch {
  pixels: Pixels;
  size: { width: number; height: number };
  attacker?: string;
}

async function sketch(kind: PictureKind, { frame, boxes, maxSide, attack }: PictureSource, watch: Stopwatch): Promise<Sketch> {
  switch (kind) {
    case 'annotated': {
      const pixels = await watch.time('annotate', () => {
        const copy = copyPixels(frame);
        drawBoxes(copy, boxes);
        return copy;
      });
      return { pixels, size: { width: frame.width, height: frame.height } };
    }
    case 'frame':
      return { pixels: toPixels(frame), size: within(frame, maxSide ?? Infinity) };
    case 'reconstruction':
    case 'linear_attacker':
    case 'naive_viewer':
      return {
        ...(await watch.time('reconstruct', () => attack(kind))),
        size: within(frame, Math.min(maxSide ?? Infinity, RECONSTRUCTION_SIDE))
      };
  }
}

/** The size of a frame scaled down, in its own aspect, until its longest side fits. */
function within({ width, height }: Raster, side: number): { width: number; height: number } {
  const scale = Math.min(1, side / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
