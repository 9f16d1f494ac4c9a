import { VeilError } from './errors';
import { fromFloat16, toFloat16 } from './float16';

/**
 * Tensors on the wire: the safetensors layout (8-byte little-endian header length, JSON header,
 * raw little-endian data), chosen because every reader of the field already knows it.
 * A JSON document may travel in the header's `__metadata__` under the key `json`.
 */
export const SAFETENSORS_MIME = 'application/vnd.safetensors';

const DTYPES = { F32: Float32Array, F16: Uint16Array, U8: Uint8Array } as const;
type Dtype = keyof typeof DTYPES;

export interface WireTensor {
  data: Float32Array | Uint8Array;
  shape: readonly number[];
  /** Float values are to be written rounded to binary16; whoever reads gets float32 of it. */
  half?: boolean;
}

interface HeaderEntry {
  dtype: Dtype;
  shape: number[];
  data_offsets: [number, number];
}

const MAX_HEADER_BYTES = 16 * 1024 * 1024;

/** Serialise named tensors and an optional JSON document. */
export function encodeSafetensors(tensors: Record<string, WireTensor>, json?: unknown): Uint8Array {
  const header: Record<string, HeaderEntry | Record<string, string>> = {};
  if (json !== undefined) {
    header.__metadata__ = { json: JSON.stringify(json) };
  }
  let offset = 0;
  const bodies: ArrayBufferView[] = [];
  for (const [name, { data, shape, half }] of Object.entries(tensors)) {
    const body = half && data instanceof Float32Array ? toFloat16(data) : data;
    const dtype = body instanceof Float32Array ? 'F32' : body instanceof Uint16Array ? 'F16' : 'U8';
    header[name] = { dtype, shape: [...shape], data_offsets: [offset, offset + body.byteLength] };
    offset += body.byteLength;
    bodies.push(body);
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // Pad with spaces so that float data starts on an 8-byte boundary.
  const padded = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + offset).fill(0x20, 8, 8 + padded);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, 8);
  let at = 8 + padded;
  for (const { buffer, byteOffset, byteLength } of bodies) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return bytes;
}

/**
 * Parse what `encodeSafetensors` or any safetensors writer made (F32, U8, and F16 as float32).
 * @throws VeilError `bad_tensor` when header, offsets, dtype or sizes do not hold.
 */
export function decodeSafetensors(bytes: Uint8Array): { tensors: Record<string, WireTensor>; json: unknown } {
  const refuse = (why: string) =>
    new VeilError(
      'bad_tensor',
      `The tensor body is not valid safetensors: ${why}. Nothing was run.`,
      'Send F32, F16 or U8 tensors.'
    );
  if (bytes.length < 8) {
    throw refuse('it is shorter than 8 bytes');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > Math.min(MAX_HEADER_BYTES, bytes.length - 8)) {
    throw refuse('its header is longer than the body');
  }
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + headerBytes)));
  } catch {
    throw refuse('its header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw refuse('its header is not a JSON object');
  }
  const start = 8 + headerBytes;
  const tensors: Record<string, WireTensor> = {};
  let json: unknown;
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      json = readDocument(entry, refuse);
      continue;
    }
    tensors[name] = readEntry(bytes, start, entry, why => refuse(`${name}: ${why}`));
  }
  return { tensors, json };
}

function readDocument(metadata: unknown, refuse: (why: string) => VeilError): unknown {
  const text = (metadata as Record<string, unknown> | null)?.json;
  if (typeof text !== 'string') {
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    throw refuse('its document is not JSON');
  }
}

function readEntry(bytes: Uint8Array, start: number, entry: unknown, refuse: (why: string) => VeilError): WireTensor {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Partial<HeaderEntry>;
  if (dtype === undefined || !Object.hasOwn(DTYPES, dtype)) {
    throw refuse(`dtype ${String(dtype)} is not F32, F16 or U8`);
  }
  const whole = (n: unknown) => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0;
  if (!Array.isArray(shape) || !shape.every(whole)) {
    throw refuse('its shape is not a list of whole numbers');
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(whole)) {
    throw refuse('its data_offsets are not two whole numbers');
  }
  const [from, to] = offsets;
  const ArrayType = DTYPES[dtype];
  const count = shape.reduce((product, n) => product * n, 1);
  if (to - from !== count * ArrayType.BYTES_PER_ELEMENT || start + to > bytes.length) {
    throw refuse('its data do not have the size of its shape');
  }
  const aligned = (bytes.byteOffset + start + from) % ArrayType.BYTES_PER_ELEMENT === 0;
  const data = aligned
    ? new ArrayType(bytes.buffer as ArrayBuffer, bytes.byteOffset + start + from, count)
    : // Not bytes.slice(): a Node Buffer's slice is another view of the same memory.
      new ArrayType(new Uint8Array(bytes.subarray(start + from, start + to)).buffer);
  return { data: data instanceof Uint16Array ? fromFloat16(data) : data, shape };
}
