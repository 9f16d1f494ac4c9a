/** Bytes of one value, by KServe's names; strings (`BYTES`) have no such size and are not spoken here. */
const BYTES: Record<string, number> = {
  BOOL: 1,
  UINT8: 1,
  INT8: 1,
  UINT16: 2,
  INT16: 2,
  FP16: 2,
  BF16: 2,
  UINT32: 4,
  INT32: 4,
  FP32: 4,
  UINT64: 8,
  INT64: 8,
  FP64: 8
};

/** A tensor on the wire: row-major, little-endian. */
export interface ServerTensor {
  name: string;
  /** As KServe names it: `FP32`, `INT16`, … */
  datatype: string;
  shape: readonly number[];
  data: Uint8Array;
}

/** An input or output of a model. */
export interface Port {
  name: string;
  datatype: string;
  /** -1 where any size goes. */
  shape: readonly number[];
}

/** Bytes that a tensor takes, or NaN when its type or shape has no size. */
export function byteLengthOf({ datatype, shape }: Pick<Port, 'datatype' | 'shape'>): number {
  const sized = shape.every(side => Number.isSafeInteger(side) && side >= 0);
  return sized ? shape.reduce((count, side) => count * side, BYTES[datatype] ?? Number.NaN) : Number.NaN;
}

/** Do sizes agree, side by side, where -1 agrees with any? */
export function shapesAgree(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((side, axis) => side === -1 || other[axis] === -1 || side === other[axis]);
}

/** The same bytes in memory of their own, so that views of any width begin at its first byte. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  const own = new Uint8Array(bytes.length);
  own.set(bytes);
  return own;
}

/** Is there a NaN or an infinity in a floating-point tensor? `data` begins at a multiple of its value's size in its buffer. */
export function notFinite(datatype: string, data: Uint8Array): boolean {
  const { buffer, byteOffset, byteLength } = data;
  switch (datatype) {
    case 'FP16':
      return anyAllOnes(new Uint16Array(buffer, byteOffset, byteLength / 2), 0x7c00);
    case 'BF16':
      return anyAllOnes(new Uint16Array(buffer, byteOffset, byteLength / 2), 0x7f80);
    case 'FP32':
      return anyAllOnes(new Uint32Array(buffer, byteOffset, byteLength / 4), 0x7f800000);
    case 'FP64':
      // The exponent lies in every other word: the low words are masked away by skipping them.
      return anyAllOnes(
        new Uint32Array(buffer, byteOffset, byteLength / 4).filter((_, k) => k % 2 === 1),
        0x7ff00000
      );
    default:
      return false;
  }
}

/** Of values that are neither NaN nor infinite at least one bit of the exponent is 0 (IEEE 754, 3.4). */
function anyAllOnes(words: Uint16Array | Uint32Array, exponent: number): boolean {
  for (let k = 0; k < words.length; k++) {
    if ((words[k] & exponent) === exponent) {
      return true;
    }
  }
  return false;
}
