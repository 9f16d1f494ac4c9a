import { join } from 'node:path';
import { modelRef, serverGraphAt, serverPartsAt, type LoadedModel, type Obfuscation } from '../../models';
import { outputsOf, sha256 } from '../../models/manifest';
import { readOnnxFile, writeOnnx, type OnnxModel } from '../../models/onnx';
import { withGraph, withMetadata } from '../../models/onnx/build';
import { VERSION } from '../../protocol';
import { batched } from './batch';
import { requireCodes } from './codes';
import { configText, type InstanceGroup, type ServedPort } from './config';
import { baseName, noisyName, plainNoisyName, portNames, type Platform, type PortNames } from './names';
import { renamed, takingCodes } from './ports';
import { PYTHON_MODEL } from './python-model';
import { type ModelFiles } from './write';

export interface ExportChoices {
  /** Each gets a model of its own; the first is the one without ALPHA in its name. */
  alphas: readonly number[];
  /** Without it no model takes clean activations. */
  base: boolean;
  names: PortNames;
  platform: Platform;
  /** Noisy activations cross as codes of the artefact's grid. */
  int16: boolean;
  /** 0: one sample a request. */
  maxBatch: number;
  instances: readonly InstanceGroup[];
}

/** One model of a repository. */
export interface ServedModel {
  name: string;
  /** Of the noise that it expects; null: it takes clean activations. */
  alpha: number | null;
  /** What it runs, in order. */
  parts: readonly string[];
  inputs: readonly ServedPort[];
  outputs: readonly ServedPort[];
  /** Of model.onnx. */
  sha256: string;
  bytes: number;
  files: ModelFiles;
}

/** A model whose noisy side is served. */
export type ExportedModel = Pick<LoadedModel, 'dir' | 'manifest'> & { obfuscation: Obfuscation };

/**
 * The models of a Triton repository: the clean tail, and for each ALPHA its server side. The hashes of head, tail,
 * artefact and graph and the ALPHA are in each one's `parameters`, so that a client can tell before it sends anything
 * whether this is the server side of its own noise.
 * @param choices ALPHAs within the artefact's knots
 * @throws VeilError `bad_alpha` when codes of an ALPHA do not fit int16, `bad_request` when the tail takes no batch,
 *   `model_missing`, `model_mismatch`, `artefact_missing`, `artefact_mismatch`
 */
export async function servedModels(model: ExportedModel, choices: ExportChoices): Promise<ServedModel[]> {
  const { task } = model.manifest;
  if (choices.int16) {
    choices.alphas.forEach(alpha => requireCodes(model.obfuscation, alpha));
  }
  const tail = () => readOnnxFile(join(model.dir, model.manifest.tail.file));
  const open = async (graph: OnnxModel) => (choices.maxBatch > 0 ? batched(graph) : graph);
  const base = choices.base ? [served(model, choices, baseName(task), null, await open(await tail()))] : [];
  const noisy: ServedModel[] = [];
  for (const [index, alpha] of choices.alphas.entries()) {
    const graph = await open(await serverGraphAt(model, alpha));
    const names = [
      ...(index === 0 ? [plainNoisyName(task)] : []),
      ...(choices.alphas.length > 1 ? [noisyName(task, alpha)] : [])
    ];
    noisy.push(...names.map(name => served(model, choices, name, alpha, graph)));
  }
  return [...base, ...noisy];
}

/** @param graph with a batch axis where the choices want one */
function served(model: ExportedModel, choices: ExportChoices, name: string, alpha: number | null, graph: OnnxModel): ServedModel {
  const { manifest, obfuscation } = model;
  const tail = outputsOf(manifest);
  const input = manifest.tail.activation;
  const names = portNames(
    choices.names,
    input.name,
    tail.map(port => port.name)
  );
  const isCoded = choices.int16 && alpha !== null;
  const called = renamed(graph, renaming([input.name, ...tail.map(port => port.name)], [names.input, ...names.outputs]));
  const leading = choices.maxBatch > 0 ? 'N' : 1;
  const ported = isCoded ? takingCodes(called, names.input, [leading, ...input.shape], obfuscation.step) : called;
  const about = aboutModel(model, alpha);
  const bytes = writeOnnx(withMetadata(withGraph(ported, { name }), about));
  const inputs: ServedPort[] = [{ name: names.input, type: isCoded ? 'TYPE_INT16' : 'TYPE_FP32', shape: input.shape }];
  const outputs = tail.map(({ shape }, i): ServedPort => ({ name: names.outputs[i], type: 'TYPE_FP32', shape }));
  const hash = sha256(bytes);
  const parts = alpha === null ? ['tail'] : [...new Set([...serverPartsAt(obfuscation, alpha), 'tail'])];
  const config = configText({
    ...choices,
    name,
    about:
      alpha === null
        ? `Tail of ${manifest.name}: what is sent to it is not obfuscated.`
        : `Server side of ${manifest.name} for activations with noise of ALPHA ${alpha}: ${parts.join(', ')}.`,
    inputs,
    outputs,
    parameters: { ...about, graph_sha256: hash, ...(isCoded && { input_step: String(obfuscation.step) }) }
  });
  const files: [string, Uint8Array | string][] = [
    ['config.pbtxt', config],
    ['1/model.onnx', bytes],
    ...(choices.platform === 'python' ? [['1/model.py', PYTHON_MODEL] as [string, string]] : [])
  ];
  return { name, alpha, parts, inputs, outputs, sha256: hash, bytes: bytes.length, files: new Map(files) };
}

/** What a client compares with its own before it sends anything. */
function aboutModel(model: ExportedModel, alpha: number | null): Record<string, string> {
  const { name, head_sha256, tail_sha256 } = modelRef(model);
  const common = { veilbook: VERSION, model: name, head_sha256, tail_sha256 };
  return alpha === null
    ? { ...common, side: 'clean tail' }
    : { ...common, side: 'server side', alpha: String(alpha), artefact_sha256: model.obfuscation.sha256 };
}

function renaming(from: readonly string[], to: readonly string[]): Map<string, string> {
  return new Map(from.flatMap((name, i) => (name === to[i] ? [] : [[name, to[i]] as const])));
}
