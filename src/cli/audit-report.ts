import type { AuditReport, AuditedAlpha } from '../protocol';
import { duration } from './progress';

const BUILT_IN = ['A0', 'A1', 'A2', 'naive', 'A3', 'A4-A1', 'A4-A2', 'A6'];

/** What a person reads after an audit. */
export function describeAudit(report: AuditReport): string[] {
  const { model, images, effort, seconds, verdict, monotone } = report;
  const cleanest = Math.max(...report.clean.filter(({ looks, metrics }) => looks === 1 && metrics).map(({ r2 }) => r2));
  const failed = [...report.controls, ...report.conformance].filter(({ passed }) => !passed);
  const reid = report.clean.find(row => row.reid)?.reid;
  return [
    `Audited in ${duration(seconds)} for ${model.name}, ${effort}: ${verdict}`,
    `${images.attacked} photographs attacked, ${images.train} of the attacker's own${images.left_out > 0 ? `, ${images.left_out} left out` : ''}` +
      ` · clean activations: ${percent(cleanest)} recovered`,
    '',
    ...table(report.alphas),
    '',
    "recovered      share of the attacked images' variance, by the strongest attack run, from one tensor",
    'certified      ALPHA as that attack leaves it: 1 - recovered / recovered from clean',
    '16 looks       the same share from the mean of 16 tensors with fresh noise, the stronger of A1 and A2',
    `re-identified  the sent image was told among ${reid ? reid.among : 'the gallery'} that the attacker has`,
    'bits           upper bound on what one tensor says, given Gaussian noise of the declared spectrum',
    `monotone       ${monotone.compared} comparisons, ${monotone.violations.length} violations`,
    ...monotone.violations.map(
      ({ attack, input, from, to, sigmas }) =>
        `violation: ${attack} (${input}) recovers more at ALPHA ${to} than at ${from}, by ${sigmas.toFixed(1)} standard errors`
    ),
    ...failed.map(({ title, detail }) => `failed: ${title}: ${detail}`),
    ...(effort === 'quick' ? ['note: a quick audit trains no attacker; --full does, and finds more'] : []),
    'Measured against the attacks listed; not encryption: treat tensors as personal data.'
  ];
}

/** Attacks of somebody's own have columns of their own. */
function table(alphas: readonly AuditedAlpha[]): string[] {
  const own = [...new Set(alphas.flatMap(({ attacks }) => attacks.map(({ name }) => name)))].filter(
    name => !BUILT_IN.includes(name)
  );
  const header = ['ALPHA', 'recovered', '95 %', 'by', 'certified', 'A1', 'A2', ...own, '16 looks', 're-identified', 'bits'];
  const rows = alphas.map(({ alpha, strongest, alpha_certified, bits, attacks }) => {
    const best = (names: string[], looks: number) =>
      attacks.filter(row => names.includes(row.name) && row.looks === looks).map(({ r2 }) => r2);
    const shown = (values: number[]) => (values.length > 0 ? percent(Math.max(...values)) : '-');
    const reid = attacks.find(row => row.reid)?.reid;
    return [
      String(alpha),
      percent(strongest.r2),
      `${percent(strongest.ci[0])}-${percent(strongest.ci[1])}`,
      strongest.name,
      alpha_certified.toFixed(3),
      shown(best(['A1'], 1)),
      shown(best(['A2'], 1)),
      ...own.map(name => shown(best([name], 1))),
      shown(best(['A4-A1', 'A4-A2'], 16)),
      reid ? percent(reid.top1) : '-',
      bits.toFixed(0)
    ];
  });
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map(row => row[column].length)));
  return all.map(row => row.map((cell, i) => cell.padStart(widths[i])).join('  '));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
