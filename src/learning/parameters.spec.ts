import fc from 'fast-check';
import { parameterError, linearLoss } from '../../test/graphs/parameters';
import { filled, open, uniform } from '../../test/graphs/run';
import { type OnnxModel } from '../models/onnx';
import { model, node, port } from '../models/onnx/build';
import { type NodeProto, type TensorProto } from '../models/onnx/generated/onnx_pb';
import { floatTensor } from '../models/onnx/tensors';
import { gradientOf } from './adjoint';

const TOLERANCE = 1e-3;
const CASES = { seed: 20250114, numRuns: 25 };

const small = (min: number, max: number) => fc.integer({ min, max });
const seed = fc.integer();

/** x [N, …shape], open in N, to y. */
function network(nodes: NodeProto[], shape: readonly number[], initialisers: TensorProto[]): OnnxModel {
  return model({ name: 'net', nodes, inputs: [port('x', ['N', ...shape])], outputs: [port('y')], initialisers });
}

function weights(name: string, dims: number[], next: () => number): TensorProto {
  return floatTensor(name, dims, filled(dims, next).data);
}

const axis = fc
  .record({
    size: small(2, 6),
    kernel: small(1, 3),
    stride: small(1, 3),
    dilation: small(1, 2),
    begin: small(0, 2),
    end: small(0, 2)
  })
  .filter(({ size, kernel, dilation, begin, end }) => size + begin + end >= (kernel - 1) * dilation + 1);

describe('the gradient by parameters agrees with two-sided differences for', () => {
  it('weights, bias and input of Conv of any groups, strides, pads and dilations, in one and two dimensions', () =>
    fc.assert(
      fc.asyncProperty(
        seed,
        fc.array(axis, { minLength: 1, maxLength: 2 }),
        small(1, 2),
        small(1, 2),
        small(1, 2),
        async (start, axes, group, inputs, outputs) => {
          const next = uniform(start);
          const [channels, kernel] = [group * inputs, axes.map(one => one.kernel)];
          const constants = [weights('w', [group * outputs, inputs, ...kernel], next), weights('b', [group * outputs], next)];
          const operator = node('Conv', ['x', 'w', 'b'], ['y'], {
            group,
            kernel_shape: kernel,
            strides: axes.map(({ stride }) => stride),
            dilations: axes.map(({ dilation }) => dilation),
            pads: [...axes.map(({ begin }) => begin), ...axes.map(({ end }) => end)]
          });
          const shape = [channels, ...axes.map(({ size }) => size)];
          const x = filled([2, ...shape], next);
          expect(await parameterError(network([operator], shape, constants), ['w', 'b', 'x'], { x }, next)).toBeLessThan(
            TOLERANCE
          );
        }
      ),
      { ...CASES, numRuns: 60 }
    ));

  it('Conv with automatic pads', async () => {
    const next = uniform(3);
    const operator = node('Conv', ['x', 'w'], ['y'], { auto_pad: 'SAME_UPPER', strides: [2, 2] });
    const net = network([operator], [2, 5, 4], [weights('w', [3, 2, 3, 3], next)]);
    expect(await parameterError(net, ['w'], { x: filled([2, 2, 5, 4], next) }, next)).toBeLessThan(TOLERANCE);
  });

  it('weights that two convolutions share, and two that look at one tensor', async () => {
    const next = uniform(4);
    const pads = [1, 1, 1, 1];
    const nodes = [
      node('Conv', ['x', 'w'], ['a'], { pads }),
      node('Conv', ['x', 'v'], ['b'], { pads }),
      node('Conv', ['a', 'w'], ['c'], { pads }),
      node('Mul', ['b', 'c'], ['y'])
    ];
    const net = network(nodes, [2, 4, 4], [weights('w', [2, 2, 3, 3], next), weights('v', [2, 2, 3, 3], next)]);
    expect(await parameterError(net, ['w', 'v'], { x: filled([2, 2, 4, 4], next) }, next)).toBeLessThan(TOLERANCE);
  });

  it('Gemm, its matrix transposed or not, its bias of any shape that is repeated', () =>
    fc.assert(
      fc.asyncProperty(
        seed,
        small(1, 4),
        small(1, 4),
        small(0, 1),
        fc.constantFrom('full', 'one', 'scalar'),
        async (start, inputs, outputs, transB, bias) => {
          const next = uniform(start);
          const b = { full: [outputs], one: [1, outputs], scalar: [1] }[bias];
          const operator = node('Gemm', ['x', 'w', 'b'], ['y'], { transB, alpha: { float: 0.5 }, beta: { float: 2 } });
          const constants = [weights('w', transB ? [outputs, inputs] : [inputs, outputs], next), weights('b', b, next)];
          const feeds = { x: filled([3, inputs], next) };
          expect(await parameterError(network([operator], [inputs], constants), ['w', 'b', 'x'], feeds, next)).toBeLessThan(
            TOLERANCE
          );
        }
      ),
      CASES
    ));

  it('MatMul with a matrix or a batch of them, on either side', () =>
    fc.assert(
      fc.asyncProperty(
        seed,
        fc.constantFrom<number[]>([], [2], [1, 2], [3, 1]),
        small(1, 3),
        fc.boolean(),
        async (start, batch, other, isLeft) => {
          const next = uniform(start);
          const dims = isLeft ? [...batch, other, 3] : [...batch, 4, other];
          const operator = node('MatMul', isLeft ? ['w', 'x'] : ['x', 'w'], ['y']);
          const net = network([operator], [2, 3, 4], [weights('w', dims, next)]);
          // x [N,2,3,4] and a batch [3,1]: N is 3 then, as batches are repeated from the right.
          const x = filled([batch[0] === 3 ? 3 : 2, 2, 3, 4], next);
          const by = batch[0] === 3 ? ['w'] : ['w', 'x'];
          expect(await parameterError(net, by, { x }, next)).toBeLessThan(TOLERANCE);
        }
      ),
      CASES
    ));

  it('MatMul of a tensor with itself', async () => {
    const next = uniform(6);
    const net = network([node('MatMul', ['x', 'x'], ['y'])], [3, 3], []);
    expect(await parameterError(net, ['x'], { x: filled([2, 3, 3], next) }, next)).toBeLessThan(TOLERANCE);
  });

  it.each(['Add', 'Sub', 'Mul', 'Div'])('an operand of %s that is repeated', operator =>
    fc.assert(
      fc.asyncProperty(seed, fc.constantFrom<number[]>([], [4], [2, 1, 1], [1, 2, 3, 4]), async (start, dims) => {
        const next = uniform(start);
        const away = () => (next() > 0 ? 1.5 : -1.5) + next() / 2;
        const net = network([node(operator, ['x', 'w'], ['y'])], [2, 3, 4], [weights('w', dims, away)]);
        expect(await parameterError(net, ['w'], { x: filled([2, 2, 3, 4], next) }, next)).toBeLessThan(TOLERANCE);
      }),
      CASES
    )
  );

  it('weights that are transposed on their way, beside data that are not differentiated', async () => {
    const next = uniform(8);
    const nodes = [
      node('Transpose', ['w'], ['t'], { perm: [1, 0] }),
      node('MatMul', ['x', 't'], ['z']),
      node('Add', ['z', 'extra'], ['y'])
    ];
    const inputs = [port('x', ['N', 3]), port('extra', ['N', 2])];
    const net = model({ name: 'net', nodes, inputs, outputs: [port('y')], initialisers: [weights('w', [2, 3], next)] });
    const feeds = { x: filled([4, 3], next), extra: filled([4, 2], next) };
    expect(await parameterError(net, ['w'], feeds, next)).toBeLessThan(TOLERANCE);
  });
});

describe('a gradient graph', () => {
  const next = uniform(9);
  const nodes = [node('Conv', ['x', 'w', 'b'], ['c']), node('Relu', ['c'], ['y']), node('Conv', ['x', 'v'], ['aside'])];
  const net = network(
    nodes,
    [2, 3, 3],
    [weights('w', [2, 2, 1, 1], next), weights('b', [2], next), weights('v', [1, 2, 1, 1], next)]
  );

  it('says its ports, and has the parameters as inputs', async () => {
    const graph = await gradientOf(net, { loss: linearLoss('y'), by: ['w'] });
    expect(graph).toMatchObject({
      inputs: ['x', 'seed'],
      parameters: { w: [2, 2, 1, 1] },
      gradients: { w: 'd_w' },
      loss: 'loss'
    });
    expect(graph.model.graph.initializer.map(({ name }) => name)).not.toContain('w');
    const w = filled([2, 2, 1, 1], () => 0);
    const results = await (await open(graph.model))({ x: filled([1, 2, 3, 3], next), seed: filled([1, 2, 3, 3], next), w });
    expect(results.loss.dims).toEqual([]);
  });

  it.each([
    ['v', 'the loss does not depend on v'],
    ['u', 'u is neither an initialiser of the network nor an input'],
    ['c', 'c is neither an initialiser of the network nor an input']
  ])('is refused for %s', (name, why) =>
    expect(gradientOf(net, { loss: linearLoss('y'), by: [name] })).rejects.toThrow(`No gradient: ${why}. Nothing was learned.`)
  );

  it('is refused for an operand that a rule holds constant', () => {
    const names = ['scale', 'shift', 'mean', 'variance'];
    const norm = network(
      [node('BatchNormalization', ['x', ...names], ['y'])],
      [2, 3],
      names.map(name => weights(name, [2], () => 1))
    );
    return expect(gradientOf(norm, { loss: linearLoss('y'), by: ['shift', 'x'] })).rejects.toThrow(
      'BatchNormalization y has no gradient by shift'
    );
  });

  it('is made for shapes that the network leaves open', async () => {
    const inputs = [port('x', ['N', 2, 'H', 'W'])];
    const { node: operators, initializer } = net.graph;
    const open2d = model({ name: 'net', nodes: operators, inputs, outputs: [port('y')], initialisers: initializer });
    const shapes = { x: ['N', 2, 3, 3] };
    const graph = await gradientOf(open2d, { loss: linearLoss('y'), by: ['w'], shapes });
    expect(graph.gradients).toEqual({ w: 'd_w' });
    await expect(gradientOf(open2d, { loss: linearLoss('y'), by: ['w'] })).rejects.toThrow('leaves its shape open');
  });

  it('leaves the network as it was', async () => {
    const before = JSON.stringify(net.graph.node.map(({ output }) => output));
    await gradientOf(net, { loss: linearLoss('y'), by: ['w', 'b'] });
    expect(JSON.stringify(net.graph.node.map(({ output }) => output))).toBe(before);
    expect(net.graph.initializer).toHaveLength(3);
  });
});
