import fc from 'fast-check';
import { VeilError } from './errors';
import { decodeSafetensors, encodeSafetensors } from './safetensors';

describe('safetensors', () => {
  it('gives back every tensor and the document', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true }), { maxLength: 40 }),
        fc.uint8Array({ maxLength: 40 }),
        fc.jsonValue(),
        (floats, bytes, json) => {
          const data = Float32Array.from(floats);
          const wire = encodeSafetensors(
            { picture: { data: bytes, shape: [bytes.length] }, activation: { data, shape: [1, data.length] } },
            json
          );
          const back = decodeSafetensors(wire);
          expect(Array.from(back.tensors.activation.data)).toEqual(Array.from(data));
          expect(back.tensors.activation.shape).toEqual([1, data.length]);
          expect(Array.from(back.tensors.picture.data)).toEqual(Array.from(bytes));
          expect(JSON.stringify(back.json)).toBe(JSON.stringify(json));
        }
      )
    );
  });

  it('reads floats at any offset of a larger buffer', () => {
    const wire = encodeSafetensors({
      odd: { data: Uint8Array.of(1), shape: [1] },
      a: { data: Float32Array.of(1, 2), shape: [2] }
    });
    const buffer = Buffer.concat([Buffer.from('xyz'), wire]).subarray(3);
    expect(Array.from(decodeSafetensors(buffer).tensors.a.data)).toEqual([1, 2]);
  });

  it('rounds to binary16 where asked to: ties to even, small numbers and overflow as IEEE 754 says', () => {
    const cases: [value: number, stored: number][] = [
      [0, 0],
      [-0, -0],
      [1, 1],
      [-2.5, -2.5],
      [65504, 65504],
      [65519, 65504],
      [65520, Infinity],
      [-1e9, -Infinity],
      [1 + 2 ** -11, 1],
      [1 + 3 * 2 ** -11, 1 + 2 ** -9],
      [1 + 2 ** -11 + 2 ** -20, 1 + 2 ** -10],
      [2 - 2 ** -12, 2],
      [2 ** -14, 2 ** -14],
      [2 ** -14 - 2 ** -25, 2 ** -14],
      [2 ** -24, 2 ** -24],
      [2 ** -25, 0],
      [1.5 * 2 ** -25, 2 ** -24],
      [2 ** -30, 0],
      [NaN, NaN]
    ];
    const data = Float32Array.from(cases, ([value]) => value);
    const wire = encodeSafetensors({ a: { data, shape: [data.length], half: true }, b: { data, shape: [data.length] } });
    const { a, b } = decodeSafetensors(wire).tensors;
    expect(Array.from(a.data)).toEqual(cases.map(([, stored]) => stored));
    expect(Array.from(b.data)).toEqual(Array.from(data));
    const again = encodeSafetensors({ a: { ...a, half: true } });
    expect(Array.from(decodeSafetensors(again).tensors.a.data)).toEqual(Array.from(a.data));
  });

  it('refuses damaged bodies with a typed error and nothing else', () => {
    const wire = encodeSafetensors({ a: { data: new Float32Array(8), shape: [2, 4] } }, { alpha: 0.2 });
    fc.assert(
      fc.property(fc.nat(wire.length - 1), fc.nat(255), fc.nat(wire.length), (at, value, length) => {
        const damaged = wire.slice(0, length);
        if (at < length) {
          damaged[at] = value;
        }
        try {
          decodeSafetensors(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(VeilError);
        }
      }),
      { numRuns: 500 }
    );
  });
});
