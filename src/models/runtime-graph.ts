import { foldCrelu, readOnnxFile, writeOnnx } from './onnx';

/**
 * A graph as the runtime is to get it: its path, or its bytes where it is rewritten to run faster. Rewriting changes no
 * output by a bit, so hashes and results go on naming the file.
 * @throws VeilError `model_missing`, `model_mismatch`
 */
export async function runtimeGraph(path: string): Promise<string | Uint8Array> {
  const model = await readOnnxFile(path);
  const folded = foldCrelu(model);
  return folded === model ? path : writeOnnx(folded);
}
