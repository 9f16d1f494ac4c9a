import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { writeOnnx, type OnnxModel } from '../../src/models/onnx';

/** Float32 values and their shape. */
export interface Values {
  data: Float32Array;
  dims: readonly number[];
}

export type Run = (inputs: Record<string, Values>) => Promise<Record<string, Values>>;

/** Open a graph in ONNX Runtime on one core of the CPU. */
export async function open(model: OnnxModel): Promise<Run> {
  const session = await InferenceSession.create(writeOnnx(model), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  return async inputs => {
    const feeds = Object.entries(inputs).map(([name, { data, dims }]) => [name, new Tensor('float32', data, dims)] as const);
    const results = await session.run(Object.fromEntries(feeds));
    return Object.fromEntries(
      Object.entries(results).map(([name, { data, dims }]) => [name, { data: data as Float32Array, dims }] as const)
    );
  };
}

export function largestDifference(a: Values, b: Values): number {
  expect(a.dims).toEqual(b.dims);
  return a.data.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b.data[i])), 0);
}

/** A mulberry32 stream of numbers in -1…1: tests are the same in every run. */
export function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

export function filled(dims: readonly number[], next: () => number): Values {
  return { dims, data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, next) };
}

const published = join(__dirname, '../../../shared/models/faceboxes-published');

/** The published FaceBoxes lie beside the repository where they are at all. */
export const PUBLISHED = existsSync(published) ? published : null;

/** A test that needs them says that it did not run where they are not there. */
export const withPublished = (name: string, test: (folder: string) => Promise<void>): void =>
  PUBLISHED
    ? it(name, () => test(PUBLISHED))
    : it.skip(`${name} (no ../shared/models/faceboxes-published here)`, () => undefined);
