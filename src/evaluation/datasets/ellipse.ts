import { type Box } from '../average-precision';
import { type Ellipse } from './types';

/**
 * The smallest upright rectangle around an ellipse.
 * @param major @param minor radii, pixels; @param angle of the major one to the x axis, radians
 */
export function ellipseBounds(major: number, minor: number, angle: number, x: number, y: number): Box {
  const wide = Math.hypot(major * Math.cos(angle), minor * Math.sin(angle));
  const high = Math.hypot(major * Math.sin(angle), minor * Math.cos(angle));
  return { x1: x - wide, y1: y - high, x2: x + wide, y2: y + high };
}

export function boundsOf({ major, minor, angle, x, y }: Ellipse): Box {
  return ellipseBounds(major, minor, angle, x, y);
}
