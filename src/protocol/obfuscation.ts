import { Type, type Static } from '@sinclair/typebox';

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** A safetensors file beside the document. */
export const TensorFile = Type.Object(
  { file: Type.String(), sha256: Sha256, bytes: Type.Integer({ minimum: 1 }) },
  { additionalProperties: false }
);
export type TensorFile = Static<typeof TensorFile>;

const Share = Type.Number({ description: 'share of the variance of the held-out images, at most 1; below 0 for a bad attacker' });
const Interval = Type.Tuple([Type.Number(), Type.Number()], { description: '95 %, bootstrap over the held-out images' });

/** What attackers recovered from held-out images. */
export const MeasuredLeakage = Type.Object(
  {
    linear: Type.Object({ r2: Share, interval: Interval }, { description: 'Wiener filter over the whole field' }),
    decoder: Type.Object(
      { r2: Share, interval: Interval },
      { description: 'convolutional decoder, trained on noisy activations' }
    ),
    detail: Share
  },
  { title: 'MeasuredLeakage', additionalProperties: false }
);
export type MeasuredLeakage = Static<typeof MeasuredLeakage>;

/** Parts of the server's side; the filter is always there. */
export const ServerPart = Type.Union([Type.Literal('filter'), Type.Literal('denoiser'), Type.Literal('tail')]);
export type ServerPart = Static<typeof ServerPart>;

/** One strength the artefact was learned at. Between two of them the noise is interpolated. */
export const Knot = Type.Object(
  {
    alpha: Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1, description: 'what users ask for' }),
    measured_alpha: Type.Number({
      description:
        'share of what the strongest attacker it was calibrated to recovers from clean activations that the noise takes away'
    }),
    weight: Type.Optional(Type.Number({ description: 'mode cloak: the weight of the noise in the loss' })),
    leakage: MeasuredLeakage,
    looks: Type.Array(Type.Object({ looks: Type.Integer({ minimum: 1 }), alpha: Type.Number() }), {
      description: 'what is left of ALPHA when the same source is seen so often with fresh noise; linear attacker'
    }),
    agreement: Type.Array(Type.Object({ server: Type.Array(ServerPart), ap: Type.Number() }), {
      description: "agreement with the clean model's own answers on held-out images, for each server side that was tried"
    }),
    server: Type.Array(ServerPart, { description: 'what the server runs before or as the tail' }),
    weights: Type.Union([TensorFile, Type.Null()], { description: 'of denoiser and tail; null where neither pays' })
  },
  { title: 'Knot', additionalProperties: false }
);
export type Knot = Static<typeof Knot>;

/** `obfuscation.json`: a learned obfuscation of one model's activation. */
export const ObfuscationDocument = Type.Object(
  {
    schema: Type.Literal(3),
    kind: Type.Literal('stationary-gaussian'),
    mode: Type.Union([Type.Literal('calibrated'), Type.Literal('cloak')]),
    head_sha256: Sha256,
    tail_sha256: Sha256,
    activation_shape: Type.Tuple([Type.Integer({ minimum: 1 }), Type.Integer({ minimum: 1 }), Type.Integer({ minimum: 1 })], {
      description: 'channels, height, width'
    }),
    targets: Type.Integer({ minimum: 1, description: 'values of the image in a cell of the field that attackers recover' }),
    ring_ends: Type.Array(Type.Number(), { description: 'upper ends of the radial bins, cycles per field' }),
    looks: Type.Integer({ minimum: 1, description: 'ALPHA holds for so many looks at one source' }),
    grid_exponent: Type.Integer({ description: 'activation and noise are rounded to multiples of 2^grid_exponent' }),
    clean: MeasuredLeakage,
    knots: Type.Array(Knot, { minItems: 1, description: 'ascending in alpha' }),
    statistics: TensorFile,
    decoder: TensorFile,
    provenance: Type.Object(
      {
        created: Type.String({ format: 'date-time' }),
        tool: Type.String(),
        seed: Type.Integer({ minimum: 0, description: 'of the learning; noise in use is never seeded' }),
        image_source: Type.String(),
        images_sha256: Sha256,
        images: Type.Object({ fit: Type.Integer(), select: Type.Integer(), held_out: Type.Integer() }),
        seconds: Type.Number()
      },
      { additionalProperties: false }
    )
  },
  { title: 'ObfuscationDocument', additionalProperties: false }
);
export type ObfuscationDocument = Static<typeof ObfuscationDocument>;
