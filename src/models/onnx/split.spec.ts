import { join } from 'node:path';
import { filled, largestDifference, open, uniform, withPublished, type Values } from '../../../test/graphs/run';
import { model, node, port } from './build';
import { findCuts, GraphView, nameColumns, probeShapes, readOnnx, readOnnxFile, splitAt, writeOnnx } from '.';
import { floatTensor } from './tensors';

const next = uniform(7);
const weights = (name: string, ...dims: number[]) => floatTensor(name, dims, filled(dims, next).data);

/** image -> conv (6 of rank 4) -> relu -> (branch a, branch b) -> add -> conv -> scores, boxes */
function network() {
  const nodes = [
    node('Conv', ['image', 'w0'], ['c0'], { pads: [1, 1, 1, 1], strides: [2, 2] }),
    node('Relu', ['c0'], ['r0']),
    node('Conv', ['r0', 'wa'], ['a']),
    node('AveragePool', ['r0'], ['pooled'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
    node('Conv', ['pooled', 'wb'], ['b']),
    node('Add', ['a', 'b'], ['sum']),
    node('Relu', ['sum'], ['r1']),
    node('Conv', ['r1', 'w2'], ['scores']),
    node('Conv', ['r1', 'w3'], ['boxes'])
  ];
  return model({
    name: 'small',
    nodes,
    inputs: [port('image', ['N', 3, 8, 8])],
    outputs: [port('scores', ['N', 2, 4, 4]), port('boxes', ['N', 4, 4, 4])],
    initialisers: [
      weights('w0', 6, 3, 3, 3),
      weights('wa', 2, 6, 1, 1),
      weights('wb', 2, 6, 1, 1),
      weights('w2', 2, 2, 1, 1),
      weights('w3', 4, 2, 1, 1)
    ]
  });
}

async function partsOf(whole = network()) {
  return { whole, view: new GraphView(whole), shapes: await probeShapes(whole) };
}

/** Run the whole, then head and tail as files would carry them; the furthest they are apart. */
async function apart(whole: ReturnType<typeof network>, tensor: string, input: Record<string, Values>): Promise<number> {
  const { head, tail } = splitAt(new GraphView(whole), await probeShapes(whole), tensor);
  const [runWhole, runHead, runTail] = await Promise.all(
    [whole, ...[head, tail].map(half => readOnnx(writeOnnx(half), 'half'))].map(open)
  );
  const [expected, halfway] = [await runWhole(input), await runHead(input)];
  const found = await runTail(halfway);
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  return Math.max(...Object.keys(expected).map(name => largestDifference(found[name], expected[name])));
}

describe('the cuts of a network', () => {
  it('are the tensors that every way to an output passes, with what they cost on both sides', async () => {
    const { view, shapes } = await partsOf();
    const cuts = findCuts(view, shapes);
    expect(cuts.map(({ tensor }) => tensor)).toEqual(['c0', 'r0', 'sum', 'r1']);
    const [, r0] = cuts;
    expect(r0).toMatchObject({ operator: 'Relu', shape: [1, 6, 4, 4], bytes: 384 });
    expect(r0.macs).toEqual({ before: 6 * 16 * 27, after: 16 * (12 + 12 + 4 + 8) });
    expect(r0.parameters).toEqual({ before: 162, after: 36 });
  });

  it('say how many channel directions the tail reads', async () => {
    const { view, shapes } = await partsOf();
    const reads = Object.fromEntries(findCuts(view, shapes).map(cut => [cut.tensor, cut.reads]));
    expect(reads.r0).toEqual({ channels: 6, rank: 4 });
    expect(reads.c0).toEqual({ channels: 6, rank: 6, because: 'Relu' });
    expect(reads.r1).toEqual({ channels: 2, rank: 2 });
  });

  it('leave the batch axis open where the network does', async () => {
    const { view, shapes } = await partsOf();
    expect(shapes.get('r0')).toEqual(['N', 6, 4, 4]);
    const { tail } = splitAt(view, shapes, 'r0');
    const result = await (await open(tail))({ r0: filled([3, 6, 4, 4], next) });
    expect(result.scores.dims).toEqual([3, 2, 4, 4]);
  });
});

describe('a split network', () => {
  it.each(['c0', 'r0', 'sum', 'r1'])('gives the same as the whole, cut at %s', async tensor => {
    expect(await apart(network(), tensor, { image: filled([2, 3, 8, 8], next) })).toBeLessThanOrEqual(1e-5);
  });

  it('keeps each weight on the side that reads it', async () => {
    const { view, shapes } = await partsOf();
    const { head, tail } = splitAt(view, shapes, 'r0');
    expect(head.graph.initializer.map(({ name }) => name)).toEqual(['w0']);
    expect(tail.graph.initializer.map(({ name }) => name)).toEqual(['wa', 'wb', 'w2', 'w3']);
  });

  it('is refused where an edge crosses, and the edge is named', async () => {
    const { view, shapes } = await partsOf();
    expect(() => splitAt(view, shapes, 'a')).toThrow(
      'a is not a cut: AveragePool pooled behind it also reads r0 from before it.'
    );
    expect(() => splitAt(view, shapes, 'scores')).toThrow("scores is the graph's output");
    expect(() => splitAt(view, shapes, 'w0')).toThrow('w0 is a constant');
  });

  it('offers the nearest names for a tensor that is not there', async () => {
    const { view, shapes } = await partsOf();
    expect(() => splitAt(view, shapes, 'sun')).toThrow('The graph has no tensor sun.');
    expect(() => splitAt(view, shapes, 'sun')).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('Nearest: sum,') })
    );
  });

  withPublished('gives the same as the whole for the published FaceBoxes, with 112 of 128 directions read', async folder => {
    const { whole, view, shapes } = await partsOf(await readOnnxFile(join(folder, 'full.onnx')));
    const cut = findCuts(view, shapes).find(({ tensor }) => tensor === '188');
    expect(cut).toMatchObject({ shape: [1, 128, 32, 32], reads: { channels: 128, rank: 112 } });
    const input = filled([1, 3, 1024, 1024], () => next() * 120);
    expect(await apart(whole, '188', { input })).toBeLessThanOrEqual(1e-5);
  });

  withPublished('gives a detector tail when the six columns are named', async folder => {
    const { view, shapes } = await partsOf(await readOnnxFile(join(folder, 'full.onnx')));
    const { tail } = splitAt(view, shapes, '188');
    const activation = filled([1, 128, 32, 32], () => Math.abs(next()));
    const found = await (await open(nameColumns(tail, shapes, ['conf', 'loc'])))({ '188': activation });
    const expected = await (await open(await readOnnxFile(join(folder, 'tail.onnx'))))({ activation });
    expect(largestDifference(found.loc, expected.loc)).toBeLessThan(1e-4);
    expect(largestDifference(found.conf, expected.conf)).toBeLessThan(1e-4);
  });
});
