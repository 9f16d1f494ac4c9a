import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { readFile } from 'node:fs/promises';
import { VeilError } from '../../protocol';
import { ModelProtoSchema, type GraphProto, type ModelProto } from './generated/onnx_pb';

/** A model whose graph is there: everything else in an ONNX file is optional. */
export type OnnxModel = ModelProto & { graph: GraphProto };

/** Key of field 1, ir_version, which every exporter writes first. */
const FIRST_BYTE = 0x08;

/**
 * Read an ONNX file. Weights kept in a second file stay there; reading their values is refused (`tensors.ts`).
 * @param file names the bytes in messages
 * @throws VeilError `model_mismatch` when the bytes are not an ONNX model, or end before it does
 */
export function readOnnx(bytes: Uint8Array, file: string): OnnxModel {
  let model: ModelProto | undefined;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch {
    // Told apart below: what begins like a model and cannot be read to its end was cut off.
  }
  if (model?.graph && isWhole(model.graph)) {
    return model as OnnxModel;
  }
  const what =
    bytes.length === 0 ? 'is empty' : bytes[0] === FIRST_BYTE && !model ? 'is damaged or cut short' : 'is not an ONNX model';
  throw new VeilError('model_mismatch', `${file} ${what}. Nothing was run.`, 'Copy the file again, or export it anew.');
}

/** @throws VeilError `model_missing` when the file cannot be read, and as `readOnnx` */
export async function readOnnxFile(path: string): Promise<OnnxModel> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'is not there' : `cannot be read (${error.message})`;
    throw new VeilError('model_missing', `${path} ${why}. Nothing was run.`, 'Give the path of an ONNX file.');
  });
  return readOnnx(bytes, path);
}

export function writeOnnx(model: OnnxModel): Uint8Array {
  return toBinary(ModelProtoSchema, model);
}

/** Version of the standard operators that the graph is written in; 1 where a file does not say. */
export function opsetOf(model: ModelProto): number {
  return Number(model.opsetImport.find(isStandard)?.version ?? 1);
}

export function isStandard({ domain }: { domain: string }): boolean {
  return domain === '' || domain === 'ai.onnx';
}

/** Bytes of another kind can be read as a graph of nothing. */
function isWhole(graph: GraphProto): boolean {
  return graph.node.length > 0 && graph.output.length > 0 && graph.node.every(({ opType }) => opType !== '');
}
