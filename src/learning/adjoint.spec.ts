import fc from 'fast-check';
import { apart, gradientError } from '../../test/graphs/gradient';
import { filled, uniform } from '../../test/graphs/run';
import { type OnnxModel } from '../models/onnx';
import { type AttributeValue } from '../models/onnx/attributes';
import { model, node, port } from '../models/onnx/build';
import { type NodeProto, type TensorProto } from '../models/onnx/generated/onnx_pb';
import { floatTensor, integerTensor } from '../models/onnx/tensors';
import { adjointOf } from './adjoint';

const TOLERANCE = 1e-3;
const CASES = { seed: 20240607, numRuns: 25 };

const small = (min: number, max: number) => fc.integer({ min, max });
const seed = fc.integer();

/** x [N, …shape], open in N, through one node to y. */
function single(shape: readonly number[], operator: NodeProto, initialisers: TensorProto[] = []): OnnxModel {
  return tailOf([operator], shape, ['y'], initialisers);
}

function tailOf(nodes: NodeProto[], shape: readonly number[], outputs: string[], initialisers: TensorProto[] = []): OnnxModel {
  const inputs = [port('x', ['N', ...shape])];
  return model({ name: 'tail', nodes, inputs, outputs: outputs.map(name => port(name)), initialisers });
}

function weights(name: string, dims: number[], next: () => number): TensorProto {
  return floatTensor(name, dims, filled(dims, next).data);
}

async function expectGradient(tail: OnnxModel, dims: readonly number[], next: () => number): Promise<void> {
  expect(await gradientError(tail, apart(dims, next), next)).toBeLessThan(TOLERANCE);
}

/** One spatial axis: its size and how windows move over it, some of which fit. */
const axis = (maxDilation: number) =>
  fc
    .record({
      size: small(2, 7),
      kernel: small(1, 3),
      stride: small(1, 3),
      dilation: small(1, maxDilation),
      begin: small(0, 2),
      end: small(0, 2)
    })
    .filter(
      ({ size, kernel, dilation, begin, end }) =>
        size + begin + end >= (kernel - 1) * dilation + 1 && begin < kernel && end < kernel
    );

type Axis = { size: number; kernel: number; stride: number; dilation: number; begin: number; end: number };

const windows = (axes: Axis[]): Record<string, AttributeValue> => ({
  kernel_shape: axes.map(({ kernel }) => kernel),
  strides: axes.map(({ stride }) => stride),
  pads: [...axes.map(({ begin }) => begin), ...axes.map(({ end }) => end)]
});

const dilations = (axes: Axis[]) => ({ dilations: axes.map(({ dilation }) => dilation) });

describe('the gradient agrees with two-sided differences for', () => {
  it('Conv of any groups, strides, pads and dilations, in one and two dimensions', () =>
    fc.assert(
      fc.asyncProperty(
        seed,
        fc.array(axis(2), { minLength: 1, maxLength: 2 }),
        small(1, 2),
        small(1, 3),
        small(1, 2),
        fc.boolean(),
        async (start, axes, group, inputs, outputs, bias) => {
          const next = uniform(start);
          const [channels, kernel] = [group * inputs, axes.map(({ kernel: n }) => n)];
          const constants = [weights('w', [group * outputs, inputs, ...kernel], next), weights('b', [group * outputs], next)];
          const operator = node('Conv', bias ? ['x', 'w', 'b'] : ['x', 'w'], ['y'], {
            group,
            ...windows(axes),
            ...dilations(axes)
          });
          const shape = [channels, ...axes.map(({ size }) => size)];
          await expectGradient(single(shape, operator, constants), [2, ...shape], next);
        }
      ),
      { ...CASES, numRuns: 60 }
    ));

  it.each(['SAME_UPPER', 'SAME_LOWER', 'VALID'])('Conv with automatic pads %s', mode =>
    fc.assert(
      fc.asyncProperty(seed, axis(1), async (start, { size, kernel, stride }) => {
        fc.pre(size >= kernel);
        const next = uniform(start);
        const operator = node('Conv', ['x', 'w'], ['y'], { auto_pad: mode, strides: [stride, stride] });
        await expectGradient(
          single([2, size, size], operator, [weights('w', [2, 2, kernel, kernel], next)]),
          [1, 2, size, size],
          next
        );
      }),
      CASES
    )
  );

  it('AveragePool that counts pads, and that does not', () =>
    fc.assert(
      fc.asyncProperty(seed, axis(1), axis(1), small(0, 1), async (start, height, width, counts) => {
        const operator = node('AveragePool', ['x'], ['y'], { ...windows([height, width]), count_include_pad: counts });
        const shape = [2, height.size, width.size];
        await expectGradient(single(shape, operator), [2, ...shape], uniform(start));
      }),
      { ...CASES, numRuns: 50 }
    ));

  it('MaxPool, its windows overlapping or apart', () =>
    fc.assert(
      fc.asyncProperty(seed, axis(2), axis(2), small(0, 1), async (start, height, width, ceil) => {
        const attributes = { ...windows([height, width]), ...dilations([height, width]), ceil_mode: ceil };
        const shape = [2, height.size, width.size];
        await expectGradient(single(shape, node('MaxPool', ['x'], ['y'], attributes)), [2, ...shape], uniform(start));
      }),
      { ...CASES, numRuns: 50 }
    ));

  it.each(['Relu', 'Neg', 'Identity', 'Sigmoid', 'GlobalAveragePool'])('%s', operator =>
    fc.assert(
      fc.asyncProperty(seed, fc.tuple(small(1, 3), small(1, 4), small(1, 4)), (start, shape) =>
        expectGradient(single(shape, node(operator, ['x'], ['y'])), [2, ...shape], uniform(start))
      ),
      CASES
    )
  );

  it('Clip with one bound, two or none', () =>
    fc.assert(
      fc.asyncProperty(seed, fc.boolean(), fc.boolean(), (start, low, high) => {
        const operator = node('Clip', ['x', low ? 'low' : '', high ? 'high' : ''], ['y']);
        const bounds = [floatTensor('low', [], Float32Array.of(-0.2)), floatTensor('high', [], Float32Array.of(0.3))];
        return expectGradient(single([2, 3, 4], operator, bounds), [1, 2, 3, 4], uniform(start));
      }),
      CASES
    ));

  it.each(['Add', 'Sub', 'Mul', 'Div'])('%s, where operands are repeated', operator =>
    fc.assert(
      fc.asyncProperty(
        seed,
        fc.constantFrom<number[]>([], [3], [2, 1, 1], [4, 1], [1, 2, 4, 3]),
        fc.boolean(),
        (start, dims, first) => {
          const next = uniform(start);
          const away = () => (next() > 0 ? 1.5 : -1.5) + next() / 2;
          // x is [N, 1, 4, 3]: repeated along channels by a constant of two, and repeating one that has fewer axes.
          const inputs = first || operator === 'Div' ? ['x', 'c'] : ['c', 'x'];
          return expectGradient(single([1, 4, 3], node(operator, inputs, ['y']), [weights('c', dims, away)]), [2, 1, 4, 3], next);
        }
      ),
      CASES
    )
  );

  it.each(['Add', 'Sub', 'Mul'])('%s of two tensors that both depend on the activation', operator =>
    fc.assert(
      fc.asyncProperty(seed, start => {
        const nodes = [
          node('GlobalAveragePool', ['x'], ['mean']),
          node(operator, ['mean', 'x'], ['z']),
          node(operator, ['z', 'z'], ['y'])
        ];
        return expectGradient(tailOf(nodes, [2, 3, 3], operator === 'Sub' ? ['z'] : ['y']), [2, 2, 3, 3], uniform(start));
      }),
      CASES
    )
  );

  it('Div by a tensor that depends on the activation', () =>
    fc.assert(
      fc.asyncProperty(seed, start => {
        const nodes = [node('Sigmoid', ['x'], ['s']), node('Div', ['x', 's'], ['y'])];
        return expectGradient(tailOf(nodes, [2, 2, 3], ['y']), [1, 2, 2, 3], uniform(start));
      }),
      CASES
    ));

  it('Transpose and Concat along any axis but the batch', () =>
    fc.assert(
      fc.asyncProperty(seed, fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), small(1, 3), (start, perm, along) => {
        const next = uniform(start);
        const nodes = [
          node('Neg', ['x'], ['n']),
          node('Concat', ['x', 'c', 'n', 'x'], ['all'], { axis: along - (start % 2 === 0 ? 4 : 0) }),
          node('Transpose', ['all'], ['y'], { perm })
        ];
        const tail = tailOf(nodes, [2, 3, 4], ['y'], [weights('c', [1, 2, 3, 4], next)]);
        return expectGradient(tail, [1, 2, 3, 4], next);
      }),
      CASES
    ));

  it('Split whose parts are read, or not, and Gather that reorders', () =>
    fc.assert(
      fc.asyncProperty(
        seed,
        fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
        fc.subarray(['a', 'b', 'c'], { minLength: 1 }),
        (start, order, read) => {
          const nodes = [
            node('Gather', ['x', 'order'], ['turned'], { axis: -2 }),
            node('Split', ['turned', 'sizes'], ['a', 'b', 'c'], { axis: 2 }),
            ...read.map(part => node('Sigmoid', [part], [`${part}.y`])),
            node(
              'Concat',
              read.map(part => `${part}.y`),
              ['y'],
              { axis: 2 }
            )
          ];
          const constants = [integerTensor('order', order), integerTensor('sizes', [1, 2, 1])];
          return expectGradient(tailOf(nodes, [2, 4, 3], ['y'], constants), [2, 2, 4, 3], uniform(start));
        }
      ),
      CASES
    ));

  it('Reshape, Flatten, Squeeze and Unsqueeze', () =>
    fc.assert(
      fc.asyncProperty(seed, small(1, 3), (start, flat) => {
        const nodes = [
          node('Unsqueeze', ['x', 'one'], ['u']),
          node('Squeeze', ['u', 'one'], ['s']),
          node('Reshape', ['s', 'shape'], ['r']),
          node('Flatten', ['r'], ['y'], { axis: flat })
        ];
        const constants = [integerTensor('one', [1]), integerTensor('shape', [0, 3, -1])];
        return expectGradient(tailOf(nodes, [2, 3, 4], ['y'], constants), [2, 2, 3, 4], uniform(start));
      }),
      CASES
    ));

  it('Reshape to a shape that is computed from the batch', async () => {
    const nodes = [
      node('Shape', ['x'], ['shape']),
      node('Gather', ['shape', 'zero'], ['n'], { axis: 0 }),
      node('Concat', ['n', 'rest'], ['to'], { axis: 0 }),
      node('Reshape', ['x', 'to'], ['y'])
    ];
    const constants = [integerTensor('zero', [0]), integerTensor('rest', [-1, 2])];
    await expectGradient(tailOf(nodes, [2, 3, 4], ['y'], constants), [3, 2, 3, 4], uniform(1));
  });

  it('Pad', () =>
    fc.assert(
      fc.asyncProperty(seed, fc.array(small(0, 2), { minLength: 6, maxLength: 6 }), (start, pads) => {
        const all = integerTensor('pads', [0, ...pads.slice(0, 3), 0, ...pads.slice(3)]);
        return expectGradient(single([2, 3, 2], node('Pad', ['x', 'pads'], ['y']), [all]), [2, 2, 3, 2], uniform(start));
      }),
      CASES
    ));

  it('Softmax along any axis', () =>
    fc.assert(
      fc.asyncProperty(seed, fc.constantFrom(-1, 1, 2, 3), (start, along) =>
        expectGradient(single([2, 4, 3], node('Softmax', ['x'], ['y'], { axis: along })), [2, 2, 4, 3], uniform(start))
      ),
      CASES
    ));

  it('BatchNormalization', () =>
    fc.assert(
      fc.asyncProperty(seed, small(1, 3), (start, channels) => {
        const next = uniform(start);
        const names = ['scale', 'shift', 'mean', 'variance'];
        const constants = names.map(name => weights(name, [channels], name === 'variance' ? () => 1 + Math.abs(next()) : next));
        const operator = node('BatchNormalization', ['x', ...names], ['y'], { epsilon: { float: 0.01 } });
        return expectGradient(single([channels, 3, 2], operator, constants), [2, channels, 3, 2], next);
      }),
      CASES
    ));

  it('Gemm and MatMul with frozen weights', () =>
    fc.assert(
      fc.asyncProperty(seed, small(1, 5), small(1, 4), small(0, 1), (start, inputs, outputs, transB) => {
        const next = uniform(start);
        const nodes = [
          node('Gemm', ['x', 'w', 'b'], ['hidden'], { transB, alpha: { float: 0.5 }, beta: { float: 2 } }),
          node('MatMul', ['hidden', 'v'], ['y'])
        ];
        const constants = [
          weights('w', transB ? [outputs, inputs] : [inputs, outputs], next),
          weights('b', [outputs], next),
          weights('v', [outputs, 3], next)
        ];
        return expectGradient(tailOf(nodes, [inputs], ['y'], constants), [2, inputs], next);
      }),
      CASES
    ));

  it('a tail in an old operator set', async () => {
    const nodes = [
      node('Pad', ['x'], ['p'], { pads: [0, 0, 1, 1, 0, 0, 1, 1] }),
      node('AveragePool', ['p'], ['a'], { kernel_shape: [3, 3] }),
      node('Softmax', ['a'], ['y'], { axis: 2 })
    ];
    const parts = { name: 'old', nodes, inputs: [port('x', ['N', 2, 3, 3])], outputs: [port('y')], initialisers: [] };
    await expectGradient(model(parts, 9, 6), [2, 2, 3, 3], uniform(5));
  });
});

describe('what has no gradient is refused by name:', () => {
  const refused = (tail: OnnxModel, targets?: string[]) => expect(adjointOf(tail, targets)).rejects;

  it('an operator that is not known', () =>
    refused(single([2, 3, 3], node('Erf', ['x'], ['y']))).toThrow(
      'No gradient: operator Erf (y) is not known. Nothing was learned.'
    ));

  it('an unknown operator is no obstacle where the loss does not pass through it', async () => {
    const tail = tailOf([node('Erf', ['x'], ['aside']), node('Neg', ['x'], ['y'])], [2], ['y', 'aside']);
    await expect(adjointOf(tail, ['y'])).resolves.toMatchObject({ cotangents: { y: 'd_y' }, gradient: 'd_x' });
  });

  it('AveragePool whose last windows are cut off', () => {
    const attributes = { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 };
    return refused(single([1, 3, 3], node('AveragePool', ['x'], ['y'], attributes))).toThrow('AveragePool y has ceil_mode');
  });

  it('Pad that mirrors', () => {
    const pads = integerTensor('pads', [0, 0, 1, 0, 0, 0, 0, 0]);
    return refused(single([1, 3, 3], node('Pad', ['x', 'pads'], ['y'], { mode: 'reflect' }), [pads])).toThrow(
      'Pad y has mode reflect'
    );
  });

  it('Gather that takes a row twice', () =>
    refused(single([3, 3], node('Gather', ['x', 'rows'], ['y'], { axis: 1 }), [integerTensor('rows', [0, 2, 2])])).toThrow(
      'Gather y does more than put rows into another order'
    ));

  it('Gemm that transposes the activation', () =>
    refused(single([3], node('Gemm', ['x', 'x'], ['y'], { transA: 1 }))).toThrow('Gemm y transposes its first matrix'));

  it('a target that does not depend on the activation', () =>
    refused(single([3], node('Shape', ['x'], ['y']))).toThrow('y does not depend on x'));
});
