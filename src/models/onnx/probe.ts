import { InferenceSession, Tensor } from 'onnxruntime-node';
import { VeilError } from '../../protocol';
import { node, port, withGraph, type Dimension } from './build';
import { type ValueInfoProto } from './generated/onnx_pb';
import { GraphView } from './graph';
import { writeOnnx, type OnnxModel } from './model';
import { elements, FLOAT, INT64 } from './tensors';

export type Shapes = ReadonlyMap<string, Dimension[]>;

/** A symbolic leading axis is run at 1 and at 2: what changes with it follows the batch. */
const BATCHES = [1, 2];

/**
 * The shape of every tensor that depends on the input, found by running the graph in ONNX Runtime on zeros with a
 * Shape node behind each of them; so it is right for every operator that can be run at all. A dimension that follows
 * a symbolic batch axis bears its symbol.
 * @param given shape of the only input, where its file leaves more open than the batch axis
 * @throws VeilError `model_mismatch` when a shape stays open, an input is not float32, or the graph cannot be run
 */
export async function probeShapes(model: OnnxModel, given?: readonly number[]): Promise<Shapes> {
  const view = new GraphView(model);
  const inputs = view.inputs.map(name =>
    openInput(
      model.graph.input.find(input => input.name === name)!,
      given
    )
  );
  const symbol = inputs.map(({ shape }) => shape[0]).find(n => typeof n === 'string');
  const session = await openProbe(model, [...view.active]);
  try {
    const [first, second] = await Promise.all(BATCHES.map(batch => run(session, view, inputs, batch)).slice(0, symbol ? 2 : 1));
    if (first instanceof Error) {
      throw notRunnable(first);
    }
    // A graph that holds the batch of its export fails at another: its batch is 1.
    const other = second instanceof Map ? second : first;
    return new Map([...first].map(([name, shape]) => [name, shape.map((n, i) => follow(n, other.get(name)?.[i], symbol))]));
  } finally {
    await session.release();
  }
}

/** Shapes with a batch of one, for counting. */
export function atBatchOne(shape: readonly Dimension[]): number[] {
  return shape.map(n => (typeof n === 'number' ? n : Number(/^(\d+)\*/.exec(n)?.[1] ?? 1)));
}

interface OpenInput {
  name: string;
  shape: Dimension[];
}

function openInput({ name, type }: ValueInfoProto, given?: readonly number[]): OpenInput {
  const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
  if (tensor?.elemType !== FLOAT) {
    throw new VeilError(
      'model_mismatch',
      `Input ${name} is not a float32 tensor. Nothing was run.`,
      'Export the model in float32.'
    );
  }
  const declared = tensor.shape?.dim.map(({ value }, axis) =>
    value.case === 'dimValue' && value.value > 0
      ? Number(value.value)
      : String((value.case === 'dimParam' && value.value) || (axis ? '?' : 'N'))
  );
  const shape = given ? [...given] : (declared ?? ['?', '?']);
  const fits =
    !given ||
    !declared ||
    (given.length === declared.length && declared.every((n, i) => typeof n === 'string' || n === given[i]));
  if (!fits) {
    throw new VeilError(
      'bad_request',
      `Input ${name} is [${declared}], not [${given}]. Nothing was run.`,
      'Give a shape that fits it.'
    );
  }
  if (shape.slice(1).some(n => typeof n === 'string')) {
    const open = `Input ${name} leaves its shape open: [${shape}]`;
    throw new VeilError('bad_request', `${open}. Nothing was run.`, 'Say at what shape it is used, as in --shape 1,3,640,640.');
  }
  return { name, shape };
}

async function openProbe(model: OnnxModel, names: readonly string[]): Promise<InferenceSession> {
  const probes = names.map(name => node('Shape', [name], [probeOf(name)]));
  const outputs = names.map(name => port(probeOf(name), undefined, INT64));
  const probed = withGraph(model, { node: [...model.graph.node, ...probes], output: outputs, valueInfo: [] });
  try {
    return await InferenceSession.create(writeOnnx(probed), { intraOpNumThreads: 1, logSeverityLevel: 4 });
  } catch (error) {
    throw notRunnable(error as Error);
  }
}

async function run(
  session: InferenceSession,
  view: GraphView,
  inputs: readonly OpenInput[],
  batch: number
): Promise<Map<string, number[]> | Error> {
  try {
    const feeds = inputs.map(({ name, shape }) => {
      const dims = shape.map(n => (typeof n === 'string' ? batch : n));
      return [name, new Tensor('float32', new Float32Array(elements(dims)), dims)] as const;
    });
    const found = await session.run(Object.fromEntries(feeds));
    return new Map([...view.active].map(name => [name, Array.from(found[probeOf(name)].data as BigInt64Array, Number)]));
  } catch (error) {
    return error as Error;
  }
}

function follow(first: number, second: number | undefined, symbol: Dimension | undefined): Dimension {
  if (second === first || symbol === undefined) {
    return first;
  }
  return first === 1 ? symbol : `${first}*${symbol}`;
}

const probeOf = (name: string): string => `shape of ${name}`;

const notRunnable = ({ message }: Error): VeilError => {
  const why = message.split('\n')[0].slice(0, 200);
  return new VeilError(
    'model_mismatch',
    `ONNX Runtime cannot run the graph (${why}).`,
    'Export it anew with standard operators, in float32.'
  );
};
