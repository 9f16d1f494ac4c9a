import { dirname, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  INSTANCE_KINDS,
  PLATFORMS,
  PORT_NAMES,
  servedModels,
  writeRepository,
  type InstanceGroup,
  type Platform,
  type PortNames,
  type ServedModel
} from '../egress/repository';
import { loadModel, meaningOfAlpha, modelRef } from '../models';
import { requireAlpha, requireObfuscation } from '../pipeline/noise';
import { Notices, print } from './output';
import { makeFolder, unwritable } from './picture-folder';

interface TritonFlags {
  model?: string;
  out: string;
  alphas?: number[];
  base: boolean;
  names: PortNames;
  platform: Platform;
  int16?: boolean;
  maxBatch: number;
  instances: InstanceGroup[];
  force?: boolean;
  json?: boolean;
}

const AFTER = `
Writes TASK_base, the clean tail, and TASK_noisy, the server's side of an ALPHA (TASK as in face_detection). Of several ALPHAs each
gets a model, as in face_detection_noisy_alpha_0.4; face_detection_noisy is the first listed. Served, as one example, by
tritonserver --model-repository=REPO. docs/triton.md says what is in it.`;

export function exportCommand(): Command {
  return new Command('export').description('write what a model server runs').addCommand(
    new Command('triton')
      .description('write a model repository for NVIDIA Triton: the clean tail, and what it runs on noisy activations')
      .option('--model <dir>', 'model folder or name (default: the bundled faceboxes)')
      .requiredOption('--out <repo>', 'the repository: made, or added to')
      .addOption(new Option('--alphas <list>', "as in 0.8,0.4 (default: the artefact's, strongest first)").argParser(alphas))
      .option('--no-base', 'leave out the model that takes clean activations')
      .addOption(
        new Option('--names <names>', 'of tensors: as in the graphs, or INPUT__0, OUTPUT__0, OUTPUT__1 as in TR-4928')
          .choices([...PORT_NAMES])
          .default('graph')
      )
      .addOption(
        new Option('--platform <platform>', "Triton's ONNX Runtime backend, or a model.py for its python backend")
          .choices([...PLATFORMS])
          .default('onnxruntime')
      )
      .option('--int16', 'noisy activations cross as int16 codes of their grid: half the bytes, the same values')
      .addOption(
        new Option('--max-batch <n>', 'samples that one run takes; 0: graphs without a batch axis').argParser(batch).default(8)
      )
      .addOption(
        new Option('--instances <groups>', 'copies of a model, as in cpu:2,gpu:1; auto: on GPUs where the server has some')
          .argParser(instances)
          .default([{ kind: 'auto', count: 1 }], 'auto')
      )
      .option('--force', 'replace models that are there')
      .option('--json', 'print one JSON document')
      .addHelpText('after', AFTER)
      .action(exportTriton)
  );
}

function alphas(text: string): number[] {
  const values = text.split(',').map(part => (part.trim() === '' ? NaN : Number(part)));
  if (!values.every(value => value > 0 && value < 1)) {
    throw new InvalidArgumentError('They must be numbers between 0 and 1 with commas between, as in 0.8,0.4.');
  }
  return [...new Set(values)];
}

function batch(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < 0 || value > 1024) {
    throw new InvalidArgumentError('It must be a whole number in 0 … 1024.');
  }
  return value;
}

function instances(text: string): InstanceGroup[] {
  return text.split(',').map(part => {
    const [, name, count = '1'] = /^([a-z]+)(?::([1-9]\d?))?$/.exec(part.trim()) ?? [];
    const kind = INSTANCE_KINDS.find(known => known === name);
    if (!kind) {
      throw new InvalidArgumentError('It must be auto, cpu or gpu with a number of copies in 1 … 99, as in cpu:2,gpu:1.');
    }
    return { kind, count: Number(count) };
  });
}

async function exportTriton(flags: TritonFlags): Promise<void> {
  const { out, force = false } = flags;
  const model = await loadModel(flags.model);
  const obfuscation = requireObfuscation(model);
  const knots = obfuscation.document.knots.map(({ alpha }) => alpha).reverse();
  const strengths = (flags.alphas ?? knots).map(alpha => requireAlpha(alpha, obfuscation));
  const models = await servedModels({ ...model, obfuscation }, { ...flags, alphas: strengths, int16: flags.int16 ?? false });
  await makeFolder(dirname(resolve(out))).catch(thrown => {
    throw unwritable(out, thrown, 'Nothing was written.');
  });
  const { replaced, kept } = await writeRepository(out, new Map(models.map(({ name, files }) => [name, files])), force);
  const meaning = meaningOfAlpha(obfuscation);
  if (flags.json) {
    const artefact = { sha256: obfuscation.sha256, meaning };
    const { platform, names, maxBatch: max_batch } = flags;
    const listed = models.map(({ files: _, ...described }) => described);
    print({
      schema: 1,
      repository: out,
      platform,
      names,
      max_batch,
      model: modelRef(model),
      artefact,
      models: listed,
      replaced,
      kept
    });
    return;
  }
  const width = Math.max(...models.map(({ name }) => name.length));
  print([...models.map(one => describe(one, width)), meaning].join('\n'));
  if (kept.length > 0) {
    new Notices().show(`${out} holds ${kept.join(', ')} besides, as before.`);
  }
}

function describe({ name, alpha, parts, bytes }: ServedModel, width: number): string {
  const what = alpha === null ? 'takes clean activations' : `ALPHA ${alpha}`;
  return `${name.padEnd(width)}  ${(bytes / 1e6).toFixed(1)} MB  ${what}: ${parts.join(', ')}`;
}
