import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import { FaceDetectionManifest, ImageClassificationManifest, VeilError, type ModelManifest, type ModelTask } from '../protocol';
import { readOnnxGraph, type GraphPort, type OnnxGraph } from './onnx';

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** As people compare them: the first four digits. */
export const short = (hash: string): string => `${hash.slice(0, 4)}…`;

export interface Graphs {
  manifest: ModelManifest;
  parameters: number;
  /** Without model.json nobody vouched for the hashes: they are those of the files. */
  declared: boolean;
}

/**
 * Read a model folder's description and check its graphs against it: hashes, port names, shapes.
 * A folder of just head.onnx and tail.onnx gets FaceBoxes' description when its shapes are FaceBoxes'; any other needs
 * a model.json.
 * @throws VeilError `model_missing`, or `model_mismatch` naming the file and what differs
 */
export async function readManifest(dir: string): Promise<Graphs> {
  const path = join(dir, 'model.json');
  const declared = existsSync(path);
  const files = declared ? await readDescription(path) : undefined;
  const head = await readGraphFile(dir, files?.head.file ?? 'head.onnx');
  const tail = await readGraphFile(dir, files?.tail.file ?? 'tail.onnx');
  if (files) {
    checkHash(join(dir, files.head.file), files.head.sha256, head.sha256);
    checkHash(join(dir, files.tail.file), files.tail.sha256, tail.sha256);
  }
  const manifest = files ?? describeUndeclared(dir, head, tail);
  checkPorts(dir, manifest, head.graph, tail.graph);
  if (manifest.task === 'image-classification') {
    checkClasses(dir, manifest);
  }
  return { manifest, parameters: head.graph.parameters + tail.graph.parameters, declared };
}

/** @throws VeilError `model_mismatch` unless the hashes are the same */
export function checkHash(path: string, expected: string, actual: string): void {
  if (expected !== actual) {
    throw new VeilError(
      'model_mismatch',
      `${path} has sha256 ${short(actual)}, its description says ${short(expected)}. Nothing was run.`,
      'Copy the model folder again; a changed file needs a new description.'
    );
  }
}

/** By task, so that a fault is told by the schema that was meant. */
const TASKS = {
  'face-detection': FaceDetectionManifest,
  'image-classification': ImageClassificationManifest
} as const satisfies Record<ModelTask, unknown>;

const isTask = (task: unknown): task is ModelTask => typeof task === 'string' && Object.hasOwn(TASKS, task);

async function readDescription(path: string): Promise<ModelManifest> {
  const remedy = 'Correct the file, or copy the model folder again.';
  let document: unknown;
  try {
    document = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new VeilError('model_mismatch', `${path} is not JSON (${(error as Error).message}). Nothing was run.`, remedy);
  }
  const task = (document as { task?: unknown } | null)?.task;
  if (!isTask(task)) {
    const known = Object.keys(TASKS).join(' and ');
    const said = `${path}: /task is ${JSON.stringify(task) ?? 'not there'}, known are ${known}. Nothing was run.`;
    throw new VeilError('model_mismatch', said, remedy);
  }
  const fault = Value.Errors(TASKS[task], document).First();
  if (fault) {
    throw new VeilError('model_mismatch', `${path}: ${fault.path || 'the document'}: ${fault.message}. Nothing was run.`, remedy);
  }
  const manifest = document as ModelManifest;
  const outside = [manifest.head.file, manifest.tail.file, manifest.obfuscation?.file].find(
    file => file && basename(file) !== file
  );
  if (outside) {
    throw new VeilError('model_mismatch', `${path} names ${outside}, which is outside its folder. Nothing was run.`, remedy);
  }
  return manifest;
}

export interface GraphFile {
  sha256: string;
  graph: OnnxGraph;
}

async function readGraphFile(dir: string, file: string): Promise<GraphFile> {
  const path = join(dir, file);
  const bytes = await readFile(path).catch(() => {
    throw new VeilError(
      'model_missing',
      `${path} is not there. Nothing was run.`,
      'A model folder holds head.onnx and tail.onnx, and model.json where they are not FaceBoxes.'
    );
  });
  return { sha256: sha256(bytes), graph: readOnnxGraph(bytes, path) };
}

/** What the tail gives, in the order of the manifest. */
export function outputsOf(manifest: ModelManifest): { name: string; shape: number[] }[] {
  return manifest.task === 'face-detection' ? [manifest.tail.loc, manifest.tail.conf] : [manifest.tail.scores];
}

/** @throws VeilError `model_mismatch` that says a model.json is needed, unless the graphs are FaceBoxes' */
function describeUndeclared(dir: string, head: GraphFile, tail: GraphFile): FaceDetectionManifest {
  try {
    const manifest = describeFaceBoxes(dir, head, tail);
    checkPorts(dir, manifest, head.graph, tail.graph);
    return manifest;
  } catch (thrown) {
    throw new VeilError(
      'model_mismatch',
      `${dir} has no model.json, and only FaceBoxes goes without: ${VeilError.from(thrown).message}`,
      'Describe the model in a model.json (docs/models.md), or split it anew.'
    );
  }
}

/** The published FaceBoxes (Zhang et al. 2017, arXiv:1708.05234) at 1024 x 1024 with its usual post-processing. */
export function describeFaceBoxes(dir: string, head: GraphFile, tail: GraphFile): FaceDetectionManifest {
  const [loc, conf] = orderOutputs(dir, tail.graph.outputs);
  const activation = fixed(head.graph.outputs[0]) ?? [128, 32, 32];
  return {
    schema: 1,
    name:
      basename(dir)
        .toLowerCase()
        .replace(/[^a-z0-9._-]/g, '-')
        .replace(/^[^a-z0-9]+/, '')
        .slice(0, 64) || 'model',
    task: 'face-detection',
    description: 'Face detector in the shape of FaceBoxes',
    input: { width: 1024, height: 1024, channel_order: 'bgr', mean: [104, 117, 123], resize: 'bilinear' },
    head: {
      file: 'head.onnx',
      sha256: head.sha256,
      input: { name: head.graph.inputs[0]?.name ?? '', shape: [3, 1024, 1024], dtype: 'float32' },
      activation: { name: head.graph.outputs[0]?.name ?? '', shape: activation, dtype: 'float32' }
    },
    tail: {
      file: 'tail.onnx',
      sha256: tail.sha256,
      activation: { name: tail.graph.inputs[0]?.name ?? '', shape: activation, dtype: 'float32' },
      loc: { name: loc, shape: [21824, 4], dtype: 'float32' },
      conf: { name: conf, shape: [21824, 2], dtype: 'float32' }
    },
    priors: [
      {
        step: 32,
        anchors: [
          { size: 32, density: 4 },
          { size: 64, density: 2 },
          { size: 128, density: 1 }
        ]
      },
      { step: 64, anchors: [{ size: 256, density: 1 }] },
      { step: 128, anchors: [{ size: 512, density: 1 }] }
    ],
    postprocess: {
      variances: [0.1, 0.2],
      face_index: 1,
      score_cut: 0.05,
      nms_iou: 0.3,
      top_k: 5000,
      keep_top_k: 750,
      threshold: 0.5,
      noisy_threshold: 0.25
    }
  };
}

/** A port's shape without the batch axis, where the file gives all of it. */
function fixed(port: GraphPort | undefined): number[] | undefined {
  const shape = port?.shape?.slice(1).filter(n => n !== null);
  return shape?.length && shape.length + 1 === port?.shape?.length ? shape : undefined;
}

/** Boxes have 4 columns, scores 2; where the graph does not say, boxes come first, as FaceBoxes returns them. */
function orderOutputs(dir: string, outputs: GraphPort[]): [loc: string, conf: string] {
  if (outputs.length !== 2) {
    throw new VeilError(
      'model_mismatch',
      `tail.onnx in ${dir} has ${outputs.length === 1 ? 'one output' : `${outputs.length} outputs`};` +
        ` a detector's tail has two, boxes and scores. Nothing was run.`,
      'Split the model anew.'
    );
  }
  const columns = outputs.map(({ shape }) => shape?.at(-1));
  const [loc, conf] = columns[0] === 2 || columns[1] === 4 ? [...outputs].reverse() : outputs;
  return [loc.name, conf.name];
}

function checkPorts(dir: string, manifest: ModelManifest, headGraph: OnnxGraph, tailGraph: OnnxGraph): void {
  const { head, tail } = manifest;
  const check = (file: string, what: string, ports: GraphPort[], expected: { name: string; shape: number[] }) => {
    const port = ports.find(({ name }) => name === expected.name);
    const names = ports.map(({ name }) => name).join(', ');
    if (!port) {
      throw mismatch(`${join(dir, file)} has no ${what} named ${expected.name || '(none)'}; it has: ${names || 'none'}`);
    }
    const shape = port.shape?.slice(1);
    const fits =
      !shape || (shape.length === expected.shape.length && shape.every((n, i) => n === null || n === expected.shape[i]));
    if (!fits) {
      const wanted = expected.shape.join(',');
      throw mismatch(
        `${join(dir, file)}: ${what} ${port.name} is [N,${shape.map(n => n ?? '?').join(',')}], expected [N,${wanted}]`
      );
    }
  };
  check(head.file, 'input', headGraph.inputs, head.input);
  check(head.file, 'output', headGraph.outputs, head.activation);
  check(tail.file, 'input', tailGraph.inputs, tail.activation);
  outputsOf(manifest).forEach(output => check(manifest.tail.file, 'output', tailGraph.outputs, output));
  if (head.activation.shape.join() !== tail.activation.shape.join()) {
    throw mismatch(`${dir}: the head makes [N,${head.activation.shape}], the tail takes [N,${tail.activation.shape}]`);
  }
}

/** One row of scores, and a label for each where there are labels. */
function checkClasses(dir: string, { tail: { scores }, labels }: ImageClassificationManifest): void {
  if (scores.shape.length !== 1) {
    throw mismatch(`${dir}: scores are [N,${scores.shape}], a classifier gives one for each class, [N,K]`);
  }
  if (labels && labels.length !== scores.shape[0]) {
    throw mismatch(`${dir}: model.json has ${labels.length} labels for ${scores.shape[0]} classes`);
  }
}

const mismatch = (what: string): VeilError =>
  new VeilError(
    'model_mismatch',
    `${what}. Nothing was run.`,
    'Head and tail must come from one split; model.json must describe them.'
  );
