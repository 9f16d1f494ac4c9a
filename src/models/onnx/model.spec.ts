import { model, node, port, withGraph } from './build';
import { describeGraph, opsetOf, probeShapes, readOnnx, readOnnxFile, writeOnnx } from '.';
import { create } from '@bufbuild/protobuf';
import { TensorProtoSchema } from './generated/onnx_pb';
import { FLOAT, floatsOf, floatTensor, integersOf, integerTensor } from './tensors';

const identity = () =>
  model({
    name: 'identity',
    nodes: [node('Add', ['x', 'w'], ['y'])],
    inputs: [port('x', ['N', 2])],
    outputs: [port('y', ['N', 2])],
    initialisers: [floatTensor('w', [2], Float32Array.of(1, -2)), integerTensor('unused', [7])]
  });

describe('an ONNX file', () => {
  it('comes back as it was written', () => {
    const read = readOnnx(writeOnnx(identity()), 'identity.onnx');
    expect(opsetOf(read)).toBe(17);
    expect(floatsOf(read.graph.initializer[0])).toEqual(Float32Array.of(1, -2));
    expect(describeGraph(read)).toEqual({
      inputs: [{ name: 'x', shape: [null, 2] }],
      outputs: [{ name: 'y', shape: [null, 2] }],
      parameters: 2
    });
  });

  it('that is none is refused in words, as is one that ends early', () => {
    const bytes = writeOnnx(identity());
    expect(() => readOnnx(new Uint8Array(), 'x.onnx')).toThrow('x.onnx is empty.');
    expect(() => readOnnx(new TextEncoder().encode('# Read me\n'), 'x.onnx')).toThrow('x.onnx is not an ONNX model.');
    expect(() => readOnnx(bytes.subarray(0, bytes.length - 9), 'x.onnx')).toThrow('x.onnx is damaged or cut short.');
  });

  it('that is not there is named', async () => {
    await expect(readOnnxFile('/nowhere/x.onnx')).rejects.toThrow('/nowhere/x.onnx is not there.');
  });

  it('with an open image size asks for one', async () => {
    const open = withGraph(identity(), { input: [port('x', ['N', 'width'])] });
    await expect(probeShapes(open)).rejects.toThrow('Input x leaves its shape open: [N,width].');
    expect((await probeShapes(open, [1, 2])).get('y')).toEqual([1, 2]);
  });
});

describe('the constants of a graph', () => {
  it('are read from raw bytes and from typed fields', () => {
    const typed = create(TensorProtoSchema, { name: 'w', dataType: FLOAT, dims: [2n], floatData: [0.5, 3] });
    expect(floatsOf(typed)).toEqual(Float32Array.of(0.5, 3));
    expect(integersOf(integerTensor('i', [-1, 2 ** 40]))).toEqual([-1, 2 ** 40]);
  });

  it('are refused in another dtype or of another size than they say', () => {
    expect(() => floatsOf(integerTensor('i', [1]))).toThrow('Constant i is int64, expected float32.');
    const short = create(TensorProtoSchema, { name: 'w', dataType: FLOAT, dims: [3n], floatData: [1] });
    expect(() => floatsOf(short)).toThrow('Constant w holds 1 values, its shape is [3].');
  });
});
