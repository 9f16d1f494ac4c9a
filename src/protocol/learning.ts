import { Type, type Static } from '@sinclair/typebox';

export const LearnMode = Type.Union([Type.Literal('calibrated'), Type.Literal('cloak')]);
export type LearnMode = Static<typeof LearnMode>;

/** What `veilbook learn` is asked for; the sidecar takes the same. */
export const LearnRequest = Type.Object(
  {
    model: Type.Optional(Type.String({ description: 'name or folder; default the bundled model' })),
    images: Type.String({ description: 'folder of photographs, searched through' }),
    out: Type.String({ description: 'folder for the artefact; a learning pass that was stopped goes on there' }),
    mode: Type.Optional(LearnMode),
    alphas: Type.Optional(Type.Array(Type.Number(), { minItems: 1, description: 'in mode cloak: weights' })),
    looks: Type.Optional(Type.Integer({ minimum: 1, description: 'ALPHA must hold for so many looks at one source' })),
    seed: Type.Optional(Type.Integer({ minimum: 0 })),
    device: Type.Optional(Type.String())
  },
  { title: 'LearnRequest', additionalProperties: false }
);
export type LearnRequest = Static<typeof LearnRequest>;

/** The stages of a learning pass, in their order. */
export const LEARN_STAGES = [
  'activations',
  'spectra',
  'sensitivity',
  'refine',
  'shape',
  'decoder',
  'calibrate',
  'server',
  'measure'
] as const;
export const LearnStage = Type.Union(LEARN_STAGES.map(stage => Type.Literal(stage)));
export type LearnStage = (typeof LEARN_STAGES)[number];

export const LearnProgress = Type.Object(
  {
    stage: LearnStage,
    knot: Type.Union([Type.Number(), Type.Null()], { description: 'the ALPHA at work; null where the stage is for all' }),
    done: Type.Number({ description: 'share of the whole pass, 0…1' }),
    seconds_left: Type.Union([Type.Number(), Type.Null()])
  },
  { title: 'LearnProgress' }
);
export type LearnProgress = Static<typeof LearnProgress>;

/** `veilbook learn --json`. */
export const LearnReport = Type.Object(
  {
    schema: Type.Literal(1),
    artefact: Type.Object({ path: Type.String(), sha256: Type.String(), mode: LearnMode }),
    model: Type.Object({ name: Type.String(), head_sha256: Type.String(), tail_sha256: Type.String() }),
    images: Type.Object({ fit: Type.Integer(), select: Type.Integer(), held_out: Type.Integer(), left_out: Type.Integer() }),
    stages: Type.Array(Type.Object({ stage: LearnStage, seconds: Type.Number() })),
    seconds: Type.Number(),
    knots: Type.Array(
      Type.Object({
        alpha: Type.Number(),
        measured_alpha: Type.Number(),
        linear_r2: Type.Number(),
        decoder_r2: Type.Number(),
        agreement_ap: Type.Number(),
        server: Type.Array(Type.String())
      })
    ),
    notices: Type.Array(Type.String())
  },
  { title: 'LearnReport' }
);
export type LearnReport = Static<typeof LearnReport>;
