import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadModel, meaningOfAlpha, modelRef, serverGraphAt, serverPartsAt } from '../models';
import { describeGraph, writeOnnx } from '../models/onnx';
import { withGraph, withMetadata } from '../models/onnx/build';
import { requireAlpha, requireObfuscation } from '../pipeline/noise';
import { VERSION } from '../protocol';
import { print } from './output';
import { writeTogether } from './write-together';

interface ExportFlags {
  alpha: number;
  out: string;
  force?: boolean;
  json?: boolean;
}

export function exportCommand(): Command {
  return new Command('export')
    .description("write what a server runs on noisy activations, as one ONNX file: the filter, the denoiser and the model's tail")
    .argument('[model]', 'model folder or name (default: the bundled faceboxes)')
    .addOption(
      new Option('--alpha <value>', 'strength of the noise that the server will get').argParser(number).makeOptionMandatory()
    )
    .requiredOption('--out <file.onnx>', 'the file to write')
    .option('--force', 'replace a file that is there')
    .option('--json', 'print one JSON document')
    .action(run);
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError('It must be a number.');
  }
  return value;
}

async function run(name: string | undefined, flags: ExportFlags): Promise<void> {
  const model = await loadModel(name);
  const obfuscation = requireObfuscation(model);
  const alpha = requireAlpha(flags.alpha, obfuscation);
  const ref = modelRef(model);
  const named = withGraph(await serverGraphAt({ ...model, obfuscation }, alpha), {
    name: `${model.manifest.task.replaceAll('-', '_')}_noisy`
  });
  const graph = withMetadata(named, {
    veilbook: VERSION,
    alpha: String(alpha),
    artefact_sha256: obfuscation.sha256,
    head_sha256: ref.head_sha256,
    tail_sha256: ref.tail_sha256
  });
  const bytes = writeOnnx(graph);
  const [path] = await writeTogether(dirname(flags.out), new Map([[basename(flags.out), bytes]]), flags.force ?? false);
  const server = serverPartsAt(obfuscation, alpha);
  const meaning = meaningOfAlpha(obfuscation, alpha);
  if (flags.json) {
    const { inputs, outputs } = describeGraph(graph);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const artefact = { sha256: obfuscation.sha256, meaning };
    print({ schema: 1, file: path, sha256, bytes: bytes.length, model: ref, artefact, alpha, server, inputs, outputs });
    return;
  }
  print(
    `${path}  ${(bytes.length / 1e6).toFixed(1)} MB: ${server.join(', ')}${server.includes('tail') ? '' : ', tail'}\n${meaning}`
  );
}
