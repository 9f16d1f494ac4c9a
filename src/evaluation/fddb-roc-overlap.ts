import { type Box } from './average-precision';
import { ellipseBounds, type Ellipse } from './datasets';

/** Sides of a photograph, pixels. */
export interface Frame {
  width: number;
  height: number;
}

/** Share of the unit circle below which an area is what rounding leaves of none. */
const ROUNDING = 1e-13;

type Point = readonly [number, number];

/**
 * Intersection over union of a drawn ellipse and a rectangle, of areas; 0 where neither has any.
 * @param frame the photograph: what of either lies outside does not count
 */
export function ellipseOverlap(ellipse: Ellipse, box: Box, frame?: Frame): number {
  const within = frame ? { x1: 0, y1: 0, x2: frame.width, y2: frame.height } : undefined;
  const seen = within ? common(box, within) : box;
  const drawn = within ? ellipseBoxArea(ellipse, within) : Math.PI * ellipse.major * ellipse.minor;
  const both = ellipseBoxArea(ellipse, seen);
  const union = drawn + (seen.x2 - seen.x1) * (seen.y2 - seen.y1) - both;
  return union > 0 ? both / union : 0;
}

/**
 * Area that an ellipse and a rectangle have in common, square pixels: exact but for rounding. The map that makes the ellipse
 * the unit circle makes the rectangle a parallelogram and divides all areas by the product of the radii; what circle and
 * polygon have in common is a sum over the polygon's edges of triangles and sectors at the centre.
 */
export function ellipseBoxArea(ellipse: Ellipse, box: Box): number {
  const { major, minor, angle, x, y } = ellipse;
  // Corners far away would cost digits.
  const near = common(box, ellipseBounds(major, minor, angle, x, y));
  if (near.x2 <= near.x1 || near.y2 <= near.y1) {
    return 0;
  }
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const toCircle = (px: number, py: number): Point => {
    const [dx, dy] = [px - x, py - y];
    return [(dx * cos + dy * sin) / major, (dy * cos - dx * sin) / minor];
  };
  const corners = [
    toCircle(near.x1, near.y1),
    toCircle(near.x2, near.y1),
    toCircle(near.x2, near.y2),
    toCircle(near.x1, near.y2)
  ];
  const area = corners.reduce((sum, corner, i) => sum + edgeArea(corner, corners[(i + 1) % corners.length]), 0);
  return area > ROUNDING ? area * major * minor : 0;
}

/** Signed area between the centre of the unit circle and the edge a…b, where the edge lies outside up to the circle. */
function edgeArea(a: Point, b: Point): number {
  const d: Point = [b[0] - a[0], b[1] - a[1]];
  const [dd, ad, aa] = [dot(d, d), dot(a, d), dot(a, a)];
  const root = ad * ad - dd * (aa - 1);
  if (root <= 0) {
    return sector(a, b);
  }
  const [enters, leaves] = [(-ad - Math.sqrt(root)) / dd, (-ad + Math.sqrt(root)) / dd];
  if (leaves <= 0 || enters >= 1) {
    return sector(a, b);
  }
  const at = (t: number): Point => [a[0] + t * d[0], a[1] + t * d[1]];
  const [p, q] = [at(Math.max(0, enters)), at(Math.min(1, leaves))];
  return sector(a, p) + cross(p, q) / 2 + sector(q, b);
}

function sector(a: Point, b: Point): number {
  return Math.atan2(cross(a, b), dot(a, b)) / 2;
}

function dot(a: Point, b: Point): number {
  return a[0] * b[0] + a[1] * b[1];
}

function cross(a: Point, b: Point): number {
  return a[0] * b[1] - a[1] * b[0];
}

/** Empty, not swapped, where there is nothing in common. */
function common(a: Box, b: Box): Box {
  const [x1, y1] = [Math.max(a.x1, b.x1), Math.max(a.y1, b.y1)];
  return { x1, y1, x2: Math.max(x1, Math.min(a.x2, b.x2)), y2: Math.max(y1, Math.min(a.y2, b.y2)) };
}
