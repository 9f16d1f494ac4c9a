import { dirname } from 'node:path';
import type { LearnReport } from '../protocol';
import { duration } from './progress';

const COLUMNS = ['measured', 'attacker recovers', 'agreement', 'server side'];

/**
 * What a person reads after a learning pass.
 * @param installed the model folder that got the artefact, or null
 */
export function describeLearned(report: LearnReport, installed: string | null): string[] {
  const { artefact, images, seconds, model, notices } = report;
  const folder = artefact.path.endsWith('.json') ? dirname(artefact.path) : artefact.path;
  const leftOut = images.left_out > 0 ? `, ${images.left_out} left out` : '';
  return [
    `Learned in ${duration(seconds)} for ${model.name}: ${folder}`,
    `${images.fit} photographs to fit, ${images.select} to select, ${images.held_out} held out${leftOut}; ${artefact.mode}`,
    '',
    ...knotTable(report.knots, artefact.mode),
    '',
    'measured           share of what the strongest tested attacker recovers from clean activations that the noise takes away',
    'attacker recovers  share of the variance of held-out photographs, by the stronger of the two attackers that were tried:',
    '                   a linear one over the whole field, and a convolutional decoder; not encryption',
    "agreement          with the clean model's own answers on held-out photographs",
    ...notices.map(notice => `note: ${notice}`),
    '',
    installed === null
      ? 'To use it: the same command with --install puts it into the model folder.'
      : `To use it: veilbook detect photo.jpg --model ${installed} --mode noisy --alpha ${report.knots[0]?.alpha ?? 0.2}`
  ];
}

/** One line a knot, under a heading; in mode cloak what users give as ALPHA is a weight. */
export function knotTable(knots: LearnReport['knots'], mode: LearnReport['artefact']['mode']): string[] {
  const header = [mode === 'cloak' ? 'weight' : 'ALPHA', ...COLUMNS];
  const rows = knots.map(({ alpha, measured_alpha, linear_r2, decoder_r2, agreement_ap, server }) => [
    String(alpha),
    measured_alpha.toFixed(3),
    percent(Math.max(linear_r2, decoder_r2)),
    percent(agreement_ap),
    server.join(' + ')
  ]);
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map(row => row[column].length)));
  return all.map(row => row.map((cell, i) => (i < 4 ? cell.padStart(widths[i]) : cell)).join('  '));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
