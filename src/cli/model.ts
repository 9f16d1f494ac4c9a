import { Command } from 'commander';
import { loadModel, modelRef, summarise } from '../models';
import { splitCommand } from './model-split';
import { print } from './output';

export function modelCommand(): Command {
  const model = new Command('model').description('look at model folders, make one from a whole network');
  model
    .command('info')
    .description('verify a model folder and say what it is')
    .argument('[dir]', 'model folder or name (default: the bundled faceboxes)')
    .option('--json', 'print one JSON document')
    .action(info);
  return model.addCommand(splitCommand());
}

async function info(dir: string | undefined, { json }: { json?: boolean }): Promise<void> {
  const loaded = await loadModel(dir);
  const summary = summarise(loaded);
  const { input, head, tail } = loaded.manifest;
  if (json) {
    print({ schema: 1, ...summary, dir: loaded.dir, ...modelRef(loaded), input, activation_shape: head.activation.shape });
    return;
  }
  const { artefact } = summary;
  print(
    [
      `${summary.name}${summary.bundled ? ' (bundled)' : ''}  ${summary.description}`,
      `folder      ${loaded.dir}`,
      `parameters  ${summary.parameters.toLocaleString('en-US')}`,
      `input       ${input.width} x ${input.height}, ${input.channel_order}`,
      `activation  ${head.activation.shape.join(' x ')}`,
      `head        sha256 ${head.sha256}`,
      `tail        sha256 ${tail.sha256}`,
      artefact
        ? `artefact    ${artefact.kind}, ${artefact.calibrated ? 'calibrated' : 'uncalibrated'}, ` +
          `ALPHA ${artefact.alpha_min} … ${artefact.alpha_max}\n            ${artefact.meaning}`
        : 'artefact    none: this model runs clean and refuses noisy'
    ].join('\n')
  );
}
