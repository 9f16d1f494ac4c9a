import { readSync } from 'node:fs';
import { VeilError } from '../protocol';
import type { Frame } from './compute';

/** H x W x 3 uint8, row-major, in this process's memory. */
export type Pixels = Extract<Frame, { kind: 'pixels' }>;

/** A frame whose pixels can be read row by row: those in memory, and those in a file that is shared. */
export type Raster = Exclude<Frame, { kind: 'coded' }>;

/** Sides above this are refused; it is also the largest a JPEG can have. */
export const MAX_SIDE = 65_535;

/**
 * Copy whole rows, from row `first` on, until `into` is full.
 * @throws VeilError `bad_image` when a shared frame ends before
 */
export function readRows(frame: Raster, first: number, into: Uint8Array): void {
  const at = first * frame.width * 3;
  if (frame.kind === 'pixels') {
    into.set(frame.data.subarray(at, at + into.length));
    return;
  }
  for (let got = 0; got < into.length;) {
    const more = readSync(frame.file.fd, into, got, into.length - got, at + got);
    if (more === 0) {
      throw new VeilError(
        'bad_image',
        `The frame in shared memory ends after ${at + got} bytes: it was made shorter during the run, which has no result.`,
        'Leave it alone until the answer comes.'
      );
    }
    got += more;
  }
}

/** The frame in memory of its own. */
export function copyPixels(frame: Raster): Pixels {
  const { width, height, order } = frame;
  const data = new Uint8Array(width * height * 3);
  readRows(frame, 0, data);
  return { kind: 'pixels', data, width, height, order };
}

/** The frame in memory, copied only if it is not there yet. */
export function toPixels(frame: Raster): Pixels {
  return frame.kind === 'pixels' ? frame : copyPixels(frame);
}

/** @throws VeilError unless the sides are within bounds and pixels in memory are width x height x 3 bytes */
export function checkRaster(frame: Raster): void {
  const { width, height } = frame;
  const remedy = 'Give an array of height x width x 3 uint8 values.';
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new VeilError(
      'bad_image',
      `The frame is ${width} x ${height} pixels: there is nothing to see. Nothing was run.`,
      remedy
    );
  }
  if (width > MAX_SIDE || height > MAX_SIDE) {
    throw new VeilError(
      'image_too_large',
      `The frame is ${width} x ${height} pixels; a side may have ${MAX_SIDE}. Nothing was run.`,
      'Scale it down first.'
    );
  }
  const needed = width * height * 3;
  if (frame.kind === 'pixels' && frame.data.length !== needed) {
    throw new VeilError(
      'bad_image',
      `The frame holds ${frame.data.length} bytes; ${width} x ${height} pixels of 3 channels need ${needed}. Nothing was run.`,
      remedy
    );
  }
}
