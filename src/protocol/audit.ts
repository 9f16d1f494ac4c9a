import { Type, type Static } from '@sinclair/typebox';

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Interval = Type.Tuple([Type.Number(), Type.Number()], { description: '95 %, bootstrap over the attacked images' });

/** What an attacker starts from: the tensor as it left, whitened by the noise's own spectrum, or through the server's filter. */
export const AttackInput = Type.Union([Type.Literal('raw'), Type.Literal('whitened'), Type.Literal('denoised')]);
export type AttackInput = Static<typeof AttackInput>;

/** `veilbook audit` is asked for. */
export const AuditRequest = Type.Object(
  {
    model: Type.Optional(Type.String({ description: 'name or folder; default the bundled model' })),
    images: Type.String({ description: 'folder of photographs, searched through; best none of those it was learned from' }),
    alphas: Type.Optional(Type.Array(Type.Number(), { minItems: 1, description: "default: the artefact's knots" })),
    effort: Type.Union([Type.Literal('quick'), Type.Literal('full')]),
    attacks: Type.Optional(Type.Array(Type.String(), { description: 'names; default all of the effort' })),
    seed: Type.Integer({ minimum: 0 }),
    device: Type.Optional(Type.String()),
    out: Type.Optional(Type.String({ description: 'folder for what a stopped audit goes on from' }))
  },
  { title: 'AuditRequest', additionalProperties: false }
);
export type AuditRequest = Static<typeof AuditRequest>;

const Measured = Type.Object(
  { mean: Type.Number(), ci: Interval, worst5: Type.Number({ description: 'mean over the worst 5 % of images, at least one' }) },
  { description: 'of one metric over the attacked images; worst: most recovered' }
);
export type Measured = Static<typeof Measured>;

/** What one attack got out of one strength. Metrics are null where an attack makes no picture. */
export const AttackResult = Type.Object(
  {
    name: Type.String(),
    title: Type.String(),
    input: AttackInput,
    looks: Type.Integer({ minimum: 1, description: 'tensors of each image with fresh noise that it had' }),
    r2: Type.Number({ description: 'share of the variance of the attacked images, pooled' }),
    ci: Interval,
    metrics: Type.Union([
      Type.Object({
        psnr: Measured,
        ssim: Measured,
        ms_ssim: Measured,
        pearson2: Measured,
        detail_r2: Measured,
        image_r2: Measured
      }),
      Type.Null()
    ]),
    reid: Type.Union([
      Type.Object({
        among: Type.Integer(),
        top1: Type.Number(),
        top5: Type.Number(),
        ci: Interval
      }),
      Type.Null()
    ]),
    worst_image: Type.Union([Type.String({ description: 'name of the file most was recovered of' }), Type.Null()]),
    training: Type.Union([
      Type.Object({
        images: Type.Integer(),
        steps: Type.Integer(),
        seed: Type.Integer(),
        loss: Type.Array(Type.Tuple([Type.Integer(), Type.Number()]), { description: 'step, mean loss since the last' }),
        improving: Type.Boolean({ description: 'the loss was still falling at the end: more may be recovered' })
      }),
      Type.Null()
    ]),
    seconds: Type.Number()
  },
  { title: 'AttackResult' }
);
export type AttackResult = Static<typeof AttackResult>;

export const AuditedAlpha = Type.Object(
  {
    alpha: Type.Number({ description: 'as users ask for it' }),
    attacks: Type.Array(AttackResult),
    strongest: Type.Object({ name: Type.String(), input: AttackInput, r2: Type.Number(), ci: Interval }),
    alpha_certified: Type.Number({ description: '1 - R2 of the strongest attack for one look / R2 of the strongest on clean' }),
    bits: Type.Number({ description: 'upper bound on I(X;Z) per look in bits, given Gaussian noise of the declared spectrum' })
  },
  { title: 'AuditedAlpha' }
);
export type AuditedAlpha = Static<typeof AuditedAlpha>;

/** A check that a sound obfuscation passes, or a control without which the audit says nothing. */
export const AuditCheck = Type.Object(
  {
    name: Type.String(),
    title: Type.String(),
    passed: Type.Boolean(),
    detail: Type.String({ description: 'one line: the figures, and the bound they were held against' })
  },
  { title: 'AuditCheck' }
);
export type AuditCheck = Static<typeof AuditCheck>;

/** `veilbook audit --json`, and what the HTML report is made from. */
export const AuditReport = Type.Object(
  {
    schema: Type.Literal(1),
    created: Type.String({ format: 'date-time' }),
    tool: Type.String(),
    effort: Type.Union([Type.Literal('quick'), Type.Literal('full')]),
    seed: Type.Integer(),
    artefact: Type.Object({ sha256: Sha256, mode: Type.String(), created: Type.String(), looks: Type.Integer() }),
    model: Type.Object({ name: Type.String(), head_sha256: Sha256, tail_sha256: Sha256 }),
    images: Type.Object({
      source: Type.String({ description: "the folder's name" }),
      sha256: Sha256,
      train: Type.Integer(),
      attacked: Type.Integer(),
      gallery: Type.Integer({ description: 're-identification picks among so many' }),
      left_out: Type.Integer()
    }),
    clean: Type.Array(AttackResult, { description: 'the same attacks on clean activations: what there is to recover' }),
    alphas: Type.Array(AuditedAlpha),
    controls: Type.Array(AuditCheck, { description: 'one that fails makes the audit void' }),
    conformance: Type.Array(AuditCheck, { description: 'what leaves against what the artefact declares: A5, A8 and more' }),
    monotone: Type.Object({
      compared: Type.Integer(),
      violations: Type.Array(
        Type.Object({ attack: Type.String(), input: AttackInput, from: Type.Number(), to: Type.Number(), sigmas: Type.Number() }),
        { description: 'a larger ALPHA from which an attack recovered more, by over 3 standard errors' }
      )
    }),
    own_test: Type.Object(
      { planted: Type.Integer(), found: Type.Integer(), sound: Type.Integer(), alarms: Type.Integer() },
      { description: "faults planted into these checks' own sources and found by them; sound artefacts, and alarms at them" }
    ),
    accuracy: Type.Optional(
      Type.Array(Type.Object({ alpha: Type.Number(), agreement: Type.Number() }), {
        description: "agreement with the clean model's own answers that the artefact states, to stand beside leakage"
      })
    ),
    ceiling: Type.Union(
      [
        Type.Object({
          population: Type.String(),
          optimal_r2: Type.Number(),
          rows: Type.Array(
            Type.Object({
              alpha: Type.Number(),
              optimal_r2: Type.Number(),
              attack: Type.String(),
              r2: Type.Number(),
              share: Type.Number()
            })
          )
        }),
        Type.Null()
      ],
      { description: 'how near the attacks come to the best possible where that can be computed' }
    ),
    sheet: Type.Array(
      Type.Object({
        alpha: Type.Number(),
        image: Type.String(),
        attack: Type.String(),
        r2: Type.Number(),
        original: Type.String({ description: 'PNG, base64' }),
        recovered: Type.String({ description: 'PNG, base64' })
      }),
      { description: 'the images most was recovered of, by the strongest attack' }
    ),
    versions: Type.Record(Type.String(), Type.String()),
    seconds: Type.Number(),
    verdict: Type.Union([Type.Literal('valid'), Type.Literal('void'), Type.Literal('unsound')], {
      description: 'void: a control failed; unsound: what leaves is not what the artefact declares'
    })
  },
  { title: 'AuditReport' }
);
export type AuditReport = Static<typeof AuditReport>;

export const AuditProgress = Type.Object(
  {
    stage: Type.String({ description: 'prepare, clean, conformance, or the attack at work' }),
    alpha: Type.Union([Type.Number(), Type.Null()]),
    done: Type.Number({ description: 'share of the whole, 0…1' }),
    seconds_left: Type.Union([Type.Number(), Type.Null()])
  },
  { title: 'AuditProgress' }
);
export type AuditProgress = Static<typeof AuditProgress>;
