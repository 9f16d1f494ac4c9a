import { resolve } from 'node:path';
import { describeFaceBoxes, sha256, type GraphFile } from './manifest';
import { describeGraph, writeOnnx, type GraphPort, type Halves, type OnnxModel } from './onnx';

export interface SplitFolder {
  /** Files by name: head.onnx, tail.onnx and, where the outputs are a detector's, model.json. */
  files: Map<string, Uint8Array>;
  /** What keeps the folder from being a model of ours, and what to do; null when nothing does. */
  missing: string | null;
}

/** What a model folder made of both halves of a network holds; `dir` gives the model its name. */
export function splitFolder({ head, tail }: Halves, dir: string): SplitFolder {
  const parts = { head: encode(head), tail: encode(tail) };
  const files = new Map([
    ['head.onnx', parts.head.bytes],
    ['tail.onnx', parts.tail.bytes]
  ]);
  const missing = missingForFaceBoxes(parts.head.graph.inputs, parts.tail.graph.outputs);
  if (!missing) {
    const description = `FaceBoxes face detector, split at ${parts.tail.graph.inputs[0].name}`;
    const manifest = { ...describeFaceBoxes(resolve(dir), parts.head, parts.tail), description };
    files.set('model.json', new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`));
  }
  return { files, missing };
}

function encode(model: OnnxModel): GraphFile & { bytes: Uint8Array } {
  const bytes = writeOnnx(model);
  return { bytes, sha256: sha256(bytes), graph: describeGraph(model) };
}

/** FaceBoxes at 1024 x 1024 has 21824 priors; its tail gives boxes and softmaxed scores for each. */
function missingForFaceBoxes(inputs: GraphPort[], outputs: GraphPort[]): string | null {
  const show = (ports: GraphPort[]) => ports.map(({ name, shape }) => `${name} [${shape?.map(n => n ?? '?') ?? '?'}]`).join(', ');
  const is = (port: GraphPort | undefined, ...shape: number[]) => port?.shape?.slice(1).join() === shape.join();
  if (inputs.length !== 1 || !is(inputs[0], 3, 1024, 1024)) {
    return `the head takes ${show(inputs)}, FaceBoxes takes one image [N,3,1024,1024]; describe the model in a model.json of its own`;
  }
  if (outputs.length === 1 && is(outputs[0], 21824, 6)) {
    return (
      `the tail gives ${show(outputs)}, a detector's tail gives loc [N,21824,4] and conf [N,21824,2]; ` +
      'where the six columns are two logits and four offsets, split again with --outputs conf,loc'
    );
  }
  const found = outputs.length === 2 && outputs.some(port => is(port, 21824, 4)) && outputs.some(port => is(port, 21824, 2));
  return found
    ? null
    : `the tail gives ${show(outputs)}, FaceBoxes' gives loc [N,21824,4] and conf [N,21824,2]; describe it in a model.json`;
}
