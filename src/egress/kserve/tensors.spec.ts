import { byteLengthOf, notFinite, ownBytes, shapesAgree } from './tensors';

const bytes = (values: { buffer: ArrayBufferLike }) => new Uint8Array(values.buffer);

describe('tensors on the wire', () => {
  it('have the bytes of their shape', () => {
    expect(byteLengthOf({ datatype: 'FP32', shape: [1, 128, 32, 32] })).toBe(524288);
    expect(byteLengthOf({ datatype: 'INT16', shape: [3] })).toBe(6);
    expect(byteLengthOf({ datatype: 'FP64', shape: [] })).toBe(8);
    expect(byteLengthOf({ datatype: 'BYTES', shape: [1] })).toBeNaN();
    expect(byteLengthOf({ datatype: 'FP32', shape: [-1, 2] })).toBeNaN();
  });

  it('agree in shape where sizes are equal or open', () => {
    expect(shapesAgree([-1, 4], [7, 4])).toBe(true);
    expect(shapesAgree([1, 4], [-1, -1])).toBe(true);
    expect(shapesAgree([1, 4], [4])).toBe(false);
    expect(shapesAgree([1, 4], [1, 5])).toBe(false);
  });

  it.each([Number.NaN, Infinity, -Infinity])('are found to hold %p', value => {
    expect(notFinite('FP32', bytes(Float32Array.of(1, 2, value)))).toBe(true);
    expect(notFinite('FP64', bytes(Float64Array.of(value, 1)))).toBe(true);
  });

  it('are finite up to the largest number, and half ones by their own bits', () => {
    expect(notFinite('FP32', bytes(Float32Array.of(3.4028234e38, -0, 1e-45)))).toBe(false);
    expect(notFinite('FP64', bytes(Float64Array.of(Number.MAX_VALUE, Number.MIN_VALUE)))).toBe(false);
    expect(notFinite('FP16', bytes(Uint16Array.of(0x7bff)))).toBe(false);
    expect(notFinite('FP16', bytes(Uint16Array.of(0xfc00)))).toBe(true);
    expect(notFinite('BF16', bytes(Uint16Array.of(0x7f7f)))).toBe(false);
    expect(notFinite('BF16', bytes(Uint16Array.of(0x7fc0)))).toBe(true);
    expect(notFinite('INT32', bytes(Int32Array.of(-1)))).toBe(false);
  });

  it('own their memory', () => {
    const own = ownBytes(Buffer.from('xabcd').subarray(1));
    expect([own.byteOffset, own.length, own.buffer.byteLength]).toEqual([0, 4, 4]);
  });
});
