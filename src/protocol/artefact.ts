import { Type, type Static } from '@sinclair/typebox';

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

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
