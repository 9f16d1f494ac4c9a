import {
  type BadPlace,
  type EllipseScore,
  type EvaluationDocument,
  type FoldResult,
  type SweepDocument,
  type SweepLooks
} from '../protocol';

/** Bad records that a person is told one by one. */
const SHOWN = 10;
const RULE = '______';

/** The lines that an evaluation ends with, as TR-4928 prints them. */
export function describeEvaluation({ dataset, folds, average_ap, map, roc }: EvaluationDocument): string[] {
  return [
    ...(roc ? ellipseLines(roc) : []),
    ...foldLines(folds),
    `${dataset} Dataset Average AP: ${precision(average_ap)}`,
    RULE,
    `mAP: ${precision(map)}`
  ];
}

function ellipseLines(roc: readonly EllipseScore[]): string[] {
  const at = roc.map(({ false_positives }) => false_positives).join(', ');
  const line = (name: 'discrete' | 'continuous') =>
    `${name} score at ${at} false positives: ${roc.map(score => score[name].toFixed(4)).join(', ')}`;
  return [line('discrete'), line('continuous')];
}

function foldLines(folds: readonly FoldResult[]): string[] {
  return folds.map(({ fold, ap }) => `${fold} Val AP: ${precision(ap)}`);
}

/** All digits: what another run gives can be compared to the last. */
function precision(ap: number | null): string {
  return ap === null ? 'none, there is no face to be found' : String(ap);
}

/** What a person must know beside the figures. */
export function circumstancesOf(document: {
  images: number;
  faces: number;
  bad: number;
  bad_records: readonly BadPlace[];
  images_per_s: number;
  device: string;
}): string[] {
  const { images, faces, bad, bad_records: records, images_per_s: rate, device } = document;
  const shown = records.slice(0, SHOWN).map(({ place, message }) => `${place}: ${message}`);
  const more = bad > shown.length && shown.length > 0 ? [`… and ${bad - shown.length} more records that cannot be used`] : [];
  return [
    ...shown,
    ...more,
    `${images} images with ${faces} faces, ${rate.toFixed(1)} a second on ${device}` +
      (bad > 0 ? `; ${bad} ${bad === 1 ? 'record' : 'records'} left out` : '')
  ];
}

/** The table of a sweep: accuracy, and leakage beside it. */
export function describeSweep({ dataset, clean, rows, looks }: SweepDocument): string[] {
  const header = ['ALPHA', 'average AP', 'pooled AP', 'retained', 'recovered'];
  const lines = [
    { alpha: 'clean', ...clean, retained: clean.average_ap === null ? null : 1 },
    ...rows.map(row => ({ ...row, alpha: String(row.alpha) }))
  ].map(({ alpha, average_ap, pooled_ap, retained, leakage }) => [
    alpha,
    short(average_ap),
    short(pooled_ap),
    share(retained),
    share(leakage)
  ]);
  const widths = header.map((name, i) => Math.max(name.length, ...lines.map(line => line[i].length)));
  return [
    `${dataset}, overlap of one half`,
    ...[header, ...lines].map(line => line.map((cell, i) => cell.padStart(widths[i])).join('  ')),
    '',
    'average AP  mean over the folds; pooled AP: over all images together',
    'retained    average AP / average AP without noise',
    "recovered   share of the variance of the artefact's held-out images that its strongest attacker recovers from one tensor;",
    '            - where that was not measured. Measured against the attacks listed; not encryption: treat tensors as personal data.',
    ...(looks && looks.count > 1 ? [`looks       ${looksLine(looks)}`] : [])
  ];
}

/** Several strengths of one image are several looks at it. */
export function looksLine({ count, weakest, alpha }: SweepLooks): string {
  const left =
    alpha === null
      ? 'what that leaves has not been measured'
      : `that leaves ALPHA ${alpha.toFixed(2)}: what so many looks at ALPHA ${weakest} leave`;
  return `whoever were sent an image at all ${count} strengths would have ${count} looks at it; ${left}. Choose one strength to send.`;
}

const short = (ap: number | null) => (ap === null ? '-' : ap.toFixed(4));
const share = (value: number | null) => (value === null ? '-' : `${(100 * value).toFixed(1)}%`);
