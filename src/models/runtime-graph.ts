import { foldCrelu, mergeHeads, pairSoftmax, poolCrelu, readOnnxFile, spreadCrelu, writeOnnx, type OnnxModel } from './onnx';

/** What pays on processors, whose runtime keeps channels in blocks of 16; a rewrite sees what those before it left. */
const FOR_PROCESSORS = [poolCrelu, spreadCrelu, foldCrelu, mergeHeads, pairSoftmax];
const FOR_ALL = [foldCrelu];

/**
 * A graph as the runtime is to get it: its path, or its bytes where it is rewritten to run faster. Rewriting changes
 * outputs by rounding at most (docs/performance.md), so hashes and results go on naming the file.
 * @throws VeilError `model_missing`, `model_mismatch`
 */
export async function runtimeGraph(path: string, provider: { kind: string }): Promise<string | Uint8Array> {
  const model = await readOnnxFile(path);
  const rewritten = forRuntime(model, provider);
  return rewritten === model ? path : writeOnnx(rewritten);
}

/** @returns the model itself where there is nothing to rewrite */
export function forRuntime(model: OnnxModel, { kind }: { kind: string }): OnnxModel {
  return (kind === 'cpu' ? FOR_PROCESSORS : FOR_ALL).reduce((graph, rewrite) => rewrite(graph), model);
}
