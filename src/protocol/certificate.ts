import { Type, type Static } from '@sinclair/typebox';

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** `certified.json` beside an artefact: what the strongest attack of a full audit left of each ALPHA. */
export const Certificate = Type.Object(
  {
    schema: Type.Literal(1),
    artefact_sha256: Sha256,
    audit_sha256: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'of the report as JSON' }),
    created: Type.String({ format: 'date-time' }),
    tool: Type.String(),
    knots: Type.Array(
      Type.Object(
        {
          alpha: Type.Number({ description: 'as users ask for it' }),
          certified: Type.Number({ description: '1 - R2 of the strongest attack / R2 of the strongest on clean activations' }),
          r2: Type.Number({ description: "share of the attacked images' variance" }),
          attack: Type.String()
        },
        { additionalProperties: false }
      ),
      { minItems: 1, description: "the artefact's, ascending" }
    )
  },
  { title: 'Certificate', additionalProperties: false }
);
export type Certificate = Static<typeof Certificate>;
