import { Type, type Static } from '@sinclair/typebox';
import { Mode } from './detection';
import { ModelRef } from './models';

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Count = Type.Integer({ minimum: 0 });
const Precision = Type.Union([Type.Number(), Type.Null()], {
  description: 'average precision at an overlap of one half, 0…1; null where there is no face to be found'
});

/** Something in a data set that could not be used: a line of a label file, or a photograph. */
export const BadPlace = Type.Object(
  { place: Type.String({ description: 'FILE, line N; or the photograph' }), message: Type.String() },
  { title: 'BadPlace' }
);
export type BadPlace = Static<typeof BadPlace>;

export const FoldResult = Type.Object(
  { fold: Type.String(), ap: Precision, images: Count, faces: Count, bad: Count },
  { title: 'FoldResult' }
);
export type FoldResult = Static<typeof FoldResult>;

/** FDDB's scores at a number of false positives. */
export const EllipseScore = Type.Object(
  {
    false_positives: Count,
    discrete: Type.Number({ description: 'share of the ellipses that are found by an overlap above one half, 0…1' }),
    continuous: Type.Number({ description: 'overlap with what finds them, over the ellipses, 0…1' })
  },
  { title: 'EllipseScore' }
);
export type EllipseScore = Static<typeof EllipseScore>;

const EllipseScores = Type.Union([Type.Array(EllipseScore), Type.Null()], {
  description: "FDDB's own scores, of ellipses, over all folds; null where faces have none"
});

/** A strength that a data set was run at; `alpha` null is the model without noise. */
export const EvaluatedStrength = Type.Object(
  {
    alpha: Type.Union([Type.Number(), Type.Null()]),
    leakage: Type.Union([Type.Number(), Type.Null()], {
      description:
        "share of the held-out images' variance that the strongest attacker of the artefact recovers; null between its knots and where ALPHA was not calibrated"
    })
  },
  { title: 'EvaluatedStrength' }
);
export type EvaluatedStrength = Static<typeof EvaluatedStrength>;

/** What somebody would have who saw an image at every strength of a sweep. */
export const SweepLooks = Type.Object(
  {
    count: Type.Integer({ minimum: 1, description: 'strengths, each with fresh noise' }),
    weakest: Type.Number({ description: 'the least ALPHA among them' }),
    alpha: Type.Union([Type.Number(), Type.Null()], {
      description: 'ALPHA against all these looks together: that of so many at the weakest; null where so many were not measured'
    })
  },
  { title: 'SweepLooks' }
);
export type SweepLooks = Static<typeof SweepLooks>;

/** What was asked: only shards of one question make a whole. */
export const EvaluationQuestion = Type.Object(
  {
    kind: Type.Union([Type.Literal('evaluate'), Type.Literal('sweep')]),
    dataset: Type.Object({
      name: Type.String(),
      format: Type.String(),
      category: Type.Union([Type.String(), Type.Null()]),
      sha256: Type.String({ description: 'over the label files' }),
      folds: Type.Array(Type.String())
    }),
    model: ModelRef,
    artefact: Type.Union([Sha256, Type.Null()]),
    strengths: Type.Array(EvaluatedStrength, { minItems: 1 }),
    looks: Type.Union([SweepLooks, Type.Null()]),
    version: Type.String({ description: 'of Veilbook' })
  },
  { title: 'EvaluationQuestion', additionalProperties: false }
);
export type EvaluationQuestion = Static<typeof EvaluationQuestion>;

/** `record.json` beside the tallies of a shard. */
export const ShardRecord = Type.Object(
  {
    schema: Type.Literal(1),
    question: EvaluationQuestion,
    shard: Type.Integer({ minimum: 0 }),
    of: Type.Integer({ minimum: 1 }),
    done: Type.Boolean()
  },
  { title: 'ShardRecord', additionalProperties: false }
);
export type ShardRecord = Static<typeof ShardRecord>;

/** What every result ends with. */
const circumstances = {
  images: Type.Integer({ minimum: 0, description: 'that were run' }),
  faces: Type.Integer({ minimum: 0, description: 'on them that count' }),
  bad: Type.Integer({ minimum: 0, description: 'records that could not be used; none of them is among the images' }),
  bad_records: Type.Array(BadPlace, { description: 'the first 100' }),
  images_per_s: Type.Number({ description: 'images / seconds' }),
  seconds: Type.Number({ description: 'spent on images, over all runs and shards together' }),
  device: Type.String(),
  versions: Type.Record(Type.String(), Type.String()),
  hashes: Type.Object({
    dataset: Type.String({ description: 'over the label files' }),
    head: Sha256,
    tail: Sha256,
    artefact: Type.Union([Sha256, Type.Null()])
  })
};

/** `veilbook evaluate --json`. */
export const EvaluationDocument = Type.Object(
  {
    schema: Type.Literal(1),
    dataset: Type.String(),
    format: Type.String(),
    mode: Mode,
    alpha: Type.Union([Type.Number(), Type.Null()]),
    folds: Type.Array(FoldResult),
    average_ap: Type.Union([Type.Number(), Type.Null()], { description: 'mean over the folds that have an average precision' }),
    pooled_ap: Precision,
    map: Type.Union([Type.Number(), Type.Null()], { description: 'average_ap by another name: there is one class' }),
    roc: EllipseScores,
    ...circumstances
  },
  { title: 'EvaluationDocument' }
);
export type EvaluationDocument = Static<typeof EvaluationDocument>;

const Measured = {
  average_ap: Type.Union([Type.Number(), Type.Null()]),
  pooled_ap: Precision,
  folds: Type.Array(FoldResult),
  roc: EllipseScores
};

/** `veilbook sweep --json`. */
export const SweepDocument = Type.Object(
  {
    schema: Type.Literal(1),
    dataset: Type.String(),
    format: Type.String(),
    clean: Type.Object({ ...Measured, leakage: EvaluatedStrength.properties.leakage }),
    rows: Type.Array(
      Type.Object({
        alpha: Type.Number(),
        ...Measured,
        retained: Type.Union([Type.Number(), Type.Null()], { description: 'average_ap / average_ap without noise' }),
        leakage: EvaluatedStrength.properties.leakage
      })
    ),
    looks: Type.Union([SweepLooks, Type.Null()]),
    ...circumstances
  },
  { title: 'SweepDocument' }
);
export type SweepDocument = Static<typeof SweepDocument>;
