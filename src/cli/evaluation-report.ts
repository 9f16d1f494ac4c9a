import { type BadPlace, type EvaluationDocument, type FoldResult } from '../protocol';

/** Bad records that a person is told one by one. */
const SHOWN = 10;
const RULE = '______';

/** The lines that an evaluation ends with, as TR-4928 prints them. */
export function describeEvaluation({ dataset, folds, average_ap, map }: EvaluationDocument): string[] {
  return [...foldLines(folds), `${dataset} Dataset Average AP: ${precision(average_ap)}`, RULE, `mAP: ${precision(map)}`];
}

export function foldLines(folds: readonly FoldResult[]): string[] {
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
