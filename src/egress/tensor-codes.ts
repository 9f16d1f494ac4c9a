import { VeilError } from '../protocol';

/**
 * Values on a grid as the whole numbers of its steps: exact, and half the bytes.
 * @param values float32, multiples of `step`
 * @returns int16, little-endian
 * @throws VeilError `bad_tensor` where a value lies beside the grid or beyond 16 bits
 */
export function toCodes(values: Float32Array, step: number): Uint8Array {
  const codes = new Int16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const code = values[i] / step;
    codes[i] = code;
    if (codes[i] !== code) {
      throw new VeilError(
        'bad_tensor',
        `A value of the activation is no 16-bit code of step ${step}. Nothing was sent.`,
        'Export the model for the server without --int16.'
      );
    }
  }
  return new Uint8Array(codes.buffer);
}
