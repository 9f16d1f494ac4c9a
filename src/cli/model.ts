import { Command } from 'commander';
import { loadModel, modelRef, summarise } from '../models';
import type { Knot, LearnReport, ModelManifest } from '../protocol';
import { knotTable } from './learn-report';
import { addCommand } from './model-add';
import { listCommand } from './model-list';
import { exportCommand } from './model-export';
import { splitCommand } from './model-split';
import { print } from './output';

/** As many as fit on a line. */
const LABELS = 12;

export function modelCommand(): Command {
  const model = new Command('model').description(
    'look at models, make one from a whole network, register it, export what its server runs'
  );
  model
    .command('info')
    .description('verify a model folder and say what it is')
    .argument('[dir]', 'model folder or name (default: the bundled faceboxes)')
    .option('--json', 'print one JSON document')
    .action(info);
  return [listCommand(), splitCommand(), addCommand(), exportCommand()].reduce((all, one) => all.addCommand(one), model);
}

async function info(dir: string | undefined, { json }: { json?: boolean }): Promise<void> {
  const loaded = await loadModel(dir);
  const summary = summarise(loaded);
  const { task, input, head, tail } = loaded.manifest;
  if (json) {
    print({
      schema: 1,
      ...summary,
      task,
      dir: loaded.dir,
      ...modelRef(loaded),
      input,
      activation_shape: head.activation.shape,
      ...(loaded.manifest.task === 'image-classification' && { labels: loaded.manifest.labels ?? null }),
      ...(loaded.obfuscation && { knots: loaded.obfuscation.document.knots.map(measured) })
    });
    return;
  }
  const { artefact } = summary;
  const knots = loaded.obfuscation
    ? knotTable(loaded.obfuscation.document.knots.map(measured), loaded.obfuscation.document.mode)
    : [];
  print(
    [
      `${summary.name}${summary.bundled ? ' (bundled)' : ''}  ${summary.description}`,
      `task        ${task}${classes(loaded.manifest)}`,
      `folder      ${loaded.dir}`,
      `parameters  ${summary.parameters.toLocaleString('en-US')}`,
      `input       ${input.width} x ${input.height}, ${input.channel_order}`,
      `activation  ${head.activation.shape.join(' x ')}`,
      `head        sha256 ${head.sha256}`,
      `tail        sha256 ${tail.sha256}`,
      artefact
        ? `artefact    ${artefact.kind}, ${artefact.calibrated ? 'calibrated' : 'uncalibrated'}, ` +
          `ALPHA ${artefact.alpha_min} … ${artefact.alpha_max}\n            ${artefact.meaning}`
        : 'artefact    none: this model runs clean and refuses noisy',
      ...knots.map(line => `            ${line}`)
    ].join('\n')
  );
}

/** What was measured at a knot, with the server side it uses. */
function measured({ alpha, measured_alpha, leakage, agreement, server }: Knot): LearnReport['knots'][number] {
  const used = agreement.find(tried => tried.server.join() === server.join())!;
  return {
    alpha,
    measured_alpha,
    linear_r2: leakage.linear.r2,
    decoder_r2: leakage.decoder.r2,
    agreement_ap: used.ap,
    server
  };
}

function classes(manifest: ModelManifest): string {
  if (manifest.task === 'face-detection') {
    return '';
  }
  const { labels, tail } = manifest;
  const named = labels ? `: ${labels.slice(0, LABELS).join(', ')}${labels.length > LABELS ? ' …' : ''}` : '';
  return `, ${tail.scores.shape[0]} classes${named}`;
}
