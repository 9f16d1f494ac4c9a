import { Type, type Static } from '@sinclair/typebox';

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** A float32 little-endian array inside the artefact's binary file. */
const ArraySlice = Type.Object({
  offset: Type.Integer({ minimum: 0, description: 'bytes from the start of the binary file' }),
  shape: Type.Array(Type.Integer({ minimum: 1 }))
});

/**
 * `obfuscation.json`: the description of an obfuscation, beside its binary file.
 * The interim kind is white noise per channel, its standard deviation ALPHA times that of
 * the channel. It is not calibrated: its ALPHA is a scale, not a measured share of leakage.
 */
export const ObfuscationArtefact = Type.Object(
  {
    schema: Type.Literal(1),
    kind: Type.Literal('channel-deviation'),
    calibrated: Type.Literal(false),
    head_sha256: Sha256,
    tail_sha256: Sha256,
    activation_shape: Type.Array(Type.Integer({ minimum: 1 }), { minItems: 3, maxItems: 3 }),
    alpha_min: Type.Number(),
    alpha_max: Type.Number(),
    grid_exponent: Type.Integer({
      description: 'activation and noise are rounded to multiples of 2^grid_exponent before they are added'
    }),
    clamp_deviations: Type.Number({
      exclusiveMinimum: 0,
      description: 'the activation is clamped to mean +- this many channel deviations before noise'
    }),
    data: Type.Object({ file: Type.String(), sha256: Sha256, bytes: Type.Integer({ minimum: 1 }) }),
    arrays: Type.Object({
      channel_mean: ArraySlice,
      channel_deviation: ArraySlice,
      activation_covariance: ArraySlice,
      pixel_covariance: ArraySlice,
      pixel_mean: ArraySlice
    }),
    provenance: Type.Object({
      created: Type.String(),
      images: Type.Integer({ minimum: 1 }),
      image_source: Type.String(),
      tool: Type.String()
    })
  },
  { title: 'ObfuscationArtefact', additionalProperties: false }
);
export type ObfuscationArtefact = Static<typeof ObfuscationArtefact>;

/** What a result says about the obfuscation that made it. */
export const ArtefactRef = Type.Object(
  {
    sha256: Sha256,
    kind: Type.String(),
    calibrated: Type.Boolean(),
    meaning: Type.String({ description: 'one sentence: what this ALPHA means for this artefact' })
  },
  { title: 'ArtefactRef' }
);
export type ArtefactRef = Static<typeof ArtefactRef>;
