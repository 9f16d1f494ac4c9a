import { type Box } from '../average-precision';

/** Pixels by which a box may reach beyond its photograph: formats round, and count from 0 or from 1. */
const SLACK = 1;

/** Whether a box reaches beyond a photograph of a known size. */
export function outside({ x1, y1, x2, y2 }: Box, { width, height }: { width?: number; height?: number }): boolean {
  const right = width === undefined ? Infinity : width + SLACK;
  const bottom = height === undefined ? Infinity : height + SLACK;
  return x1 < -SLACK || y1 < -SLACK || x2 > right || y2 > bottom;
}
