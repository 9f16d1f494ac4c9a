import { type EllipseScore, type EvaluationDocument, type FoldResult, type SweepDocument } from '../../protocol';
import { firstBad, mergedAp, mergedRoc, totalsOf } from '../tally-merge';
import { type Shards } from './shards';

interface Measured {
  folds: FoldResult[];
  average_ap: number | null;
  pooled_ap: number | null;
  roc: EllipseScore[] | null;
}

/** What `veilbook evaluate` ends with. @throws VeilError `bad_request` when a tally is damaged */
export function evaluationDocument(shards: Shards): EvaluationDocument {
  const { question } = shards;
  const [{ alpha }] = question.strengths;
  const { folds, average_ap, pooled_ap, roc } = measure(shards, alpha);
  return {
    schema: 1,
    dataset: question.dataset.name,
    format: question.dataset.format,
    mode: alpha === null ? 'clean' : 'noisy',
    alpha,
    folds,
    average_ap,
    pooled_ap,
    map: average_ap,
    roc,
    ...circumstances(shards, alpha)
  };
}

/** What `veilbook sweep` ends with. @throws VeilError `bad_request` when a tally is damaged */
export function sweepDocument(shards: Shards): SweepDocument {
  const { question } = shards;
  const clean = measure(shards, null);
  return {
    schema: 1,
    dataset: question.dataset.name,
    format: question.dataset.format,
    clean: { ...clean, leakage: question.strengths.find(({ alpha }) => alpha === null)?.leakage ?? null },
    rows: question.strengths.flatMap(({ alpha, leakage }) => {
      if (alpha === null) {
        return [];
      }
      const noisy = measure(shards, alpha);
      const whole = clean.average_ap;
      // Where nothing is found without noise there is nothing to retain.
      const retained = whole && noisy.average_ap !== null ? noisy.average_ap / whole : null;
      return [{ alpha, retained, leakage, ...noisy }];
    }),
    looks: question.looks,
    ...circumstances(shards, null)
  };
}

function measure({ question, files }: Shards, alpha: number | null): Measured {
  const folds = question.dataset.folds.map((fold): FoldResult => {
    const wanted = (section: { fold: string; alpha: number | null }) => section.fold === fold && section.alpha === alpha;
    const { images, truth } = totalsOf(files, wanted);
    return { fold, ap: mergedAp(files, wanted), images, faces: truth, bad: badIn(files, fold) };
  });
  const whole = (section: { alpha: number | null }) => section.alpha === alpha;
  const known = folds.flatMap(({ ap }) => (ap === null ? [] : [ap]));
  return {
    folds,
    average_ap: known.length === 0 ? null : known.reduce((sum, ap) => sum + ap, 0) / known.length,
    pooled_ap: mergedAp(files, whole),
    roc: mergedRoc(files, whole)?.map(({ falsePositives, ...scores }) => ({ false_positives: falsePositives, ...scores })) ?? null
  };
}

function badIn(files: Shards['files'], fold: string): number {
  return files
    .flatMap(({ header }) => header.bad)
    .filter(bad => bad.fold === fold)
    .reduce((sum, { count }) => sum + count, 0);
}

function circumstances({ question, files }: Shards, alpha: number | null) {
  const { images, truth } = totalsOf(files, section => section.alpha === alpha);
  const headers = files.map(({ header }) => header);
  const seconds = headers.reduce((sum, header) => sum + header.seconds, 0);
  const devices = new Set(headers.flatMap(header => header.devices));
  return {
    images,
    faces: truth,
    bad: question.dataset.folds.reduce((sum, fold) => sum + badIn(files, fold), 0),
    bad_records: firstBad(headers).map(({ place, message }) => ({ place, message })),
    images_per_s: seconds > 0 ? images / seconds : 0,
    seconds,
    device: [...devices].sort().join(' + ') || 'none',
    versions: { veilbook: question.version, ...Object.assign({}, ...headers.map(header => header.versions)) },
    hashes: {
      dataset: question.dataset.sha256,
      head: question.model.head_sha256,
      tail: question.model.tail_sha256,
      artefact: question.artefact
    }
  };
}
