import { Type, type Static } from '@sinclair/typebox';
import { DetectionResult } from './detection';

export const FRAME_MIME = 'application/vnd.veilbook.frame.v1+json';

const Picture = Type.Object({
  mime: Type.Union([Type.Literal('image/jpeg'), Type.Literal('image/png')]),
  base64: Type.String(),
  width: Type.Integer(),
  height: Type.Integer()
});
export type Picture = Static<typeof Picture>;

/**
 * The output of a cell, self-contained: a saved notebook shows and re-filters it without a kernel,
 * a server or a network. Boxes are in pixels of the original frame (`result.width` x `result.height`).
 */
export const FrameBundle = Type.Object(
  {
    schema: Type.Literal(1),
    caption: Type.String(),
    result: DetectionResult,
    compare: Type.Union([DetectionResult, Type.Null()], {
      description: 'the same frame run the other way, when asked for by --compare'
    }),
    frame: Picture,
    reconstruction: Type.Union([
      Type.Object({ picture: Picture, attacker: Type.String({ description: 'who made it; never "the strongest"' }) }),
      Type.Null()
    ])
  },
  { title: 'FrameBundle' }
);
export type FrameBundle = Static<typeof FrameBundle>;
