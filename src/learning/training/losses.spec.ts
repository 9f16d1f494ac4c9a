import { filled, open, uniform, type Values } from '../../../test/graphs/run';
import { type OnnxModel } from '../../models/onnx';
import { model, node, port } from '../../models/onnx/build';
import { type NodeProto, type TensorProto } from '../../models/onnx/generated/onnx_pb';
import { floatTensor, integerTensor } from '../../models/onnx/tensors';
import { gradientOf, type Loss } from '../adjoint';
import { classificationLoss, detectionLoss, squaredError } from './losses';

const STEP = 0.02;

/** Logits x [N,5,2] and offsets l [N,5,4] as they come; what makes scores of logits is `nodes`. */
function detector(nodes: NodeProto[], opset?: number): OnnxModel {
  const initialisers = [
    integerTensor('flat', [0, -1]),
    integerTensor('rows', [0, 5, 2]),
    rowsOf('upper rows', 0, 2),
    rowsOf('lower rows', 2, 5)
  ];
  return model(
    {
      name: 'tail',
      nodes: [node('Identity', ['l'], ['loc']), node('Identity', ['x'], ['z']), ...nodes],
      inputs: [port('x', ['N', 5, 2]), port('l', ['N', 5, 4])],
      outputs: [port('loc', ['N', 5, 4]), port('conf', ['N', 5, 2])],
      initialisers
    },
    opset
  );
}

/** The matrix that picks rows from…to of five. */
function rowsOf(name: string, from: number, to: number): TensorProto {
  const values = Float32Array.from({ length: (to - from) * 5 }, (_, i) => (i % 5 === from + Math.floor(i / 5) ? 1 : 0));
  return floatTensor(name, [to - from, 5], values);
}

/** Largest distance of the gradient by every input in `by` from two-sided differences of the loss, relative to its length. */
async function lossError(network: OnnxModel, loss: Loss, by: string[], feeds: Record<string, Values>): Promise<number> {
  const { model: graph, gradients } = await gradientOf(network, { loss, by });
  const run = await open(graph);
  const found = await run(feeds);
  const pairs: [number, number][] = [];
  for (const name of by) {
    for (let i = 0; i < feeds[name].data.length; i++) {
      const at = async (step: number) => {
        const data = Float32Array.from(feeds[name].data);
        data[i] += step;
        return (await run({ ...feeds, [name]: { ...feeds[name], data } }))[loss.value].data[0];
      };
      pairs.push([((await at(STEP)) - (await at(-STEP))) / (2 * STEP), found[gradients[name]].data[i]]);
    }
  }
  return Math.hypot(...pairs.map(([a, b]) => a - b)) / Math.hypot(...pairs.map(([, b]) => b));
}

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

describe('the loss of detections', () => {
  const next = uniform(1);
  const logits = filled([2, 5, 2], () => 3 * next());
  const scores = filled([2, 5], () => (next() > 0 ? 0.5 + next() / 2 : 0.008));
  const offsets = filled([2, 5, 4], () => 3 * next());
  const boxes = filled([2, 5, 4], next);
  const feeds = { x: logits, l: offsets, scores, boxes };
  const plain = detector([node('Softmax', ['z'], ['conf'], { axis: -1 })]);

  it('is KL of scores and smooth L1 of boxes over the sum of face scores and 8 for each image', async () => {
    const loss = detectionLoss(plain, { loc: 'loc', conf: 'conf' });
    const { model: graph } = await gradientOf(plain, { loss, by: ['x'] });
    const value = (await (await open(graph))(feeds))[loss.value];
    let [sum, norm] = [0, 16];
    scores.data.forEach((q, i) => {
      const p = sigmoid(logits.data[2 * i + 1] - logits.data[2 * i]);
      sum += q * Math.log(q / p) + (1 - q) * Math.log((1 - q) / (1 - p));
      const weight = q > 0.01 ? q : 0;
      norm += weight;
      for (let k = 4 * i; k < 4 * i + 4; k++) {
        const off = Math.abs(offsets.data[k] - boxes.data[k]);
        sum += 0.3 * weight * (off < 1 ? (off * off) / 2 : off - 0.5);
      }
    });
    expect(value.dims).toEqual([]);
    expect(value.data[0]).toBeCloseTo(sum / norm, 5);
  });

  it.each<[string, OnnxModel]>([
    ['Softmax', plain],
    ['Softmax, Reshape and Transpose', laidOut()],
    ['two Softmax and Concat', joined()],
    ['Softmax of an old operator set', detector([node('Softmax', ['z'], ['conf'], { axis: 2 })], 11)]
  ])('writes its gradient by offsets and by the logits before %s', async (_, tail) => {
    const loss = detectionLoss(tail, { loc: 'loc', conf: 'conf' });
    expect(await lossError(tail, loss, ['x', 'l'], feeds)).toBeLessThan(1e-3);
  });

  it('is nothing, and level, where detections are the reference', async () => {
    const loss = detectionLoss(plain, { loc: 'loc', conf: 'conf' });
    const { model: graph, gradients } = await gradientOf(plain, { loss, by: ['x', 'l'] });
    const same = Float32Array.from(scores.data, (_, i) => sigmoid(logits.data[2 * i + 1] - logits.data[2 * i]));
    const results = await (await open(graph))({ ...feeds, scores: { ...scores, data: same }, boxes: offsets });
    expect(Math.abs(results[loss.value].data[0])).toBeLessThan(1e-6);
    expect(Math.max(...Object.values(gradients).flatMap(name => Array.from(results[name].data, Math.abs)))).toBeLessThan(1e-6);
  });

  it('takes the face from the column that is said', async () => {
    const loss = detectionLoss(plain, { loc: 'loc', conf: 'conf', face: 0 });
    const { model: graph } = await gradientOf(plain, { loss, by: ['x'] });
    const same = Float32Array.from(scores.data, (_, i) => sigmoid(logits.data[2 * i] - logits.data[2 * i + 1]));
    const results = await (await open(graph))({ ...feeds, scores: { ...scores, data: same }, boxes: offsets });
    expect(Math.abs(results[loss.value].data[0])).toBeLessThan(1e-6);
    expect(await lossError(plain, loss, ['x', 'l'], feeds)).toBeLessThan(1e-3);
  });

  it('stays finite where scores are 0 or 1', async () => {
    const loss = detectionLoss(plain, { loc: 'loc', conf: 'conf' });
    const { model: graph } = await gradientOf(plain, { loss, by: ['x'] });
    const far = filled([2, 5, 2], () => (next() > 0 ? 200 : -200));
    const certain = filled([2, 5], () => (next() > 0 ? 1 : 0));
    const results = await (await open(graph))({ ...feeds, x: far, scores: certain });
    expect(Number.isFinite(results[loss.value].data[0])).toBe(true);
  });

  it('is refused where conf is not made by Softmax', () => {
    const raw = detector([node('Sigmoid', ['z'], ['conf'])]);
    expect(() => detectionLoss(raw, { loc: 'loc', conf: 'conf' })).toThrow(
      'No loss: conf is made by Sigmoid, not scores made by Softmax. Nothing was learned.'
    );
  });

  function laidOut(): OnnxModel {
    return detector([
      node('Transpose', ['z'], ['turned'], { perm: [0, 2, 1] }),
      node('Softmax', ['turned'], ['soft'], { axis: 1 }),
      node('Transpose', ['soft'], ['back'], { perm: [0, 2, 1] }),
      node('Reshape', ['back', 'flat'], ['long']),
      node('Reshape', ['long', 'rows'], ['conf'])
    ]);
  }

  function joined(): OnnxModel {
    return detector([
      node('MatMul', ['upper rows', 'z'], ['upper']),
      node('MatMul', ['lower rows', 'z'], ['lower']),
      node('Softmax', ['upper'], ['p'], { axis: 2 }),
      node('Softmax', ['lower'], ['q'], { axis: 2 }),
      node('Concat', ['p', 'q'], ['conf'], { axis: 1 })
    ]);
  }
});

describe('the loss of classes', () => {
  const next = uniform(2);
  const tail = model({
    name: 'classifier',
    nodes: [node('Identity', ['x'], ['z']), node('Softmax', ['z'], ['scores'], { axis: -1 })],
    inputs: [port('x', ['N', 7])],
    outputs: [port('scores', ['N', 7])],
    initialisers: []
  });

  it('is the mean divergence from reference scores, under another name where the tail has scores', async () => {
    const loss = classificationLoss(tail, { scores: 'scores' });
    const x = filled([3, 7], () => 2 * next());
    const [reference] = loss.inputs.map(({ name }) => name);
    expect(reference).toBe('reference scores');
    const feeds = { x, [reference]: distributions(3, 7, next) };
    expect(await lossError(tail, loss, ['x'], feeds)).toBeLessThan(1e-3);
    const { model: graph } = await gradientOf(tail, { loss, by: ['x'] });
    const [one, twice] = await Promise.all([feeds, doubled(feeds)].map(async given => (await open(graph))(given)));
    expect(twice[loss.value].data[0]).toBeCloseTo(one[loss.value].data[0], 5);
  });
});

it('squared error is the mean of squares, and writes its gradient', async () => {
  const next = uniform(3);
  const nodes = [node('Sigmoid', ['x'], ['y'])];
  const network = model({ name: 'net', nodes, inputs: [port('x', ['N', 3])], outputs: [port('y')], initialisers: [] });
  const loss = squaredError(network, 'y');
  const feeds = { x: filled([2, 3], next), reference: filled([2, 3], next) };
  expect(await lossError(network, loss, ['x'], feeds)).toBeLessThan(1e-3);
  const { model: graph } = await gradientOf(network, { loss, by: ['x'] });
  const mean = feeds.x.data.reduce((sum, z, i) => sum + (sigmoid(z) - feeds.reference.data[i]) ** 2 / 6, 0);
  expect((await (await open(graph))(feeds))[loss.value].data[0]).toBeCloseTo(mean, 6);
});

function distributions(rows: number, columns: number, next: () => number): Values {
  const { data, dims } = filled([rows, columns], () => 1.1 + next());
  for (let row = 0; row < rows; row++) {
    const values = data.subarray(row * columns, (row + 1) * columns);
    const sum = values.reduce((a, b) => a + b);
    values.forEach((value, i) => (values[i] = value / sum));
  }
  return { data, dims };
}

function doubled(feeds: Record<string, Values>): Record<string, Values> {
  return Object.fromEntries(
    Object.entries(feeds).map(
      ([
        name,
        {
          data,
          dims: [rows, ...rest]
        }
      ]) => [name, { data: Float32Array.from([...data, ...data]), dims: [2 * rows, ...rest] }]
    )
  );
}
