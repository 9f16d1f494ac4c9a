import type { Detection, FrameBundle, FRAME_MIME as DeclaredMime } from '../../protocol';

/** The compiler holds this to the protocol's constant without loading its schemas into the browser. */
export const FRAME_MIME: typeof DeclaredMime = 'application/vnd.veilbook.frame.v1+json';

export type BundleReading = { ok: true; bundle: FrameBundle } | { ok: false; problem: 'version' | 'damaged'; caption: string };

/**
 * Check what a notebook file holds before it is drawn: notebooks come from anywhere, so nothing of the
 * document is taken on trust. Only the parts that are drawn are checked.
 */
export function readBundle(data: unknown): BundleReading {
  const caption = isRecord(data) && typeof data.caption === 'string' ? data.caption : '';
  if (isRecord(data) && data.schema !== undefined && data.schema !== 1) {
    return { ok: false, problem: 'version', caption };
  }
  return isBundle(data) ? { ok: true, bundle: data } : { ok: false, problem: 'damaged', caption };
}

/** The boxes that a threshold leaves, best last so that it is painted on top. */
export function facesAt(detections: readonly Detection[], threshold: number): Detection[] {
  return detections.filter(({ score }) => score >= threshold).sort((a, b) => a.score - b.score);
}

/** Where the threshold slider starts: low enough to show every box of the bundle. */
export function lowestThreshold(detections: readonly Detection[], threshold: number): number {
  const lowest = detections.reduce((least, { score }) => Math.min(least, score), Math.min(0.05, threshold));
  return Math.max(0, Math.floor(lowest * 100) / 100);
}

function isBundle(data: unknown): data is FrameBundle {
  return (
    isRecord(data) &&
    data.schema === 1 &&
    typeof data.caption === 'string' &&
    isResult(data.result) &&
    isPicture(data.frame) &&
    (data.compare === null || isResult(data.compare)) &&
    (data.reconstruction === null ||
      (isRecord(data.reconstruction) &&
        isPicture(data.reconstruction.picture) &&
        typeof data.reconstruction.attacker === 'string'))
  );
}

function isResult(value: unknown): boolean {
  return (
    isRun(value) &&
    isRecord(value) &&
    ['run', 'image', 'device'].every(key => typeof value[key] === 'string') &&
    (value.alpha === null || isNumber(value.alpha)) &&
    isLength(value.width) &&
    isLength(value.height) &&
    isTimings(value.timings_ms) &&
    Array.isArray(value.notices) &&
    value.notices.every(notice => typeof notice === 'string') &&
    typeof value.private === 'boolean' &&
    isRecord(value.model) &&
    ['name', 'head_sha256', 'tail_sha256'].every(key => typeof (value.model as Document)[key] === 'string') &&
    (value.artefact === null || isArtefact(value.artefact)) &&
    (value.looks === undefined || value.looks === null || isLooks(value.looks)) &&
    isRecord(value.versions) &&
    Object.values(value.versions).every(version => typeof version === 'string')
  );
}

function isRun(value: unknown): boolean {
  return (
    isRecord(value) &&
    (value.mode === 'clean' || value.mode === 'noisy') &&
    isNumber(value.threshold) &&
    Array.isArray(value.detections) &&
    value.detections.every(
      detection => isRecord(detection) && ['x1', 'y1', 'x2', 'y2', 'score'].every(key => isNumber(detection[key]))
    ) &&
    (value.classes === undefined || isClasses(value.classes))
  );
}

function isClasses(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(found => isRecord(found) && typeof found.label === 'string' && isNumber(found.score))
  );
}

function isTimings(value: unknown): boolean {
  return isRecord(value) && isNumber(value.total) && Object.values(value).every(isNumber);
}

function isArtefact(value: unknown): boolean {
  return (
    isRecord(value) &&
    ['sha256', 'kind', 'meaning'].every(key => typeof value[key] === 'string') &&
    typeof value.calibrated === 'boolean'
  );
}

function isLooks(value: unknown): boolean {
  return (
    isRecord(value) && isLength(value.count) && [value.alpha_1, value.alpha_k].every(alpha => alpha === null || isNumber(alpha))
  );
}

/** Only coded pictures of two kinds, and only base64: what goes into a `data:` address. */
function isPicture(value: unknown): boolean {
  return (
    isRecord(value) &&
    (value.mime === 'image/jpeg' || value.mime === 'image/png') &&
    typeof value.base64 === 'string' &&
    value.base64.length > 0 &&
    !/[^A-Za-z0-9+/=\s]/.test(value.base64) &&
    isLength(value.width) &&
    isLength(value.height)
  );
}

type Document = Record<string, unknown>;

function isRecord(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isLength(value: unknown): boolean {
  return isNumber(value) && value >= 1;
}
