import { Type, type Static } from '@sinclair/typebox';

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Shape = Type.Array(Type.Integer({ minimum: 1 }), { description: 'without the leading batch axis' });
const Port = Type.Object({ name: Type.String(), shape: Shape, dtype: Type.Literal('float32') });

/** One map of the detector's grid and the square anchors that stand in each of its cells. */
const PriorMap = Type.Object({
  step: Type.Integer({ minimum: 1, description: 'pixels of the network input per cell' }),
  anchors: Type.Array(
    Type.Object({
      size: Type.Number({ exclusiveMinimum: 0, description: 'side of the anchor, pixels of the network input' }),
      density: Type.Integer({ minimum: 1, description: 'density x density anchors of this size in a cell' })
    }),
    { minItems: 1 }
  )
});

/** What is said of a split network whatever it is for. */
const common = {
  schema: Type.Literal(1),
  name: Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,63}$' }),
  description: Type.String(),
  input: Type.Object({
    width: Type.Integer({ minimum: 1 }),
    height: Type.Integer({ minimum: 1 }),
    channel_order: Type.Union([Type.Literal('bgr'), Type.Literal('rgb')]),
    mean: Type.Tuple([Type.Number(), Type.Number(), Type.Number()], {
      description: 'subtracted from the 0..255 values, in channel order'
    }),
    resize: Type.Literal('bilinear', { description: 'half-pixel centres, no antialiasing (cv2.INTER_LINEAR)' })
  }),
  head: Type.Object({ file: Type.String(), sha256: Sha256, input: Port, activation: Port }),
  obfuscation: Type.Optional(
    Type.Object({ file: Type.String(), sha256: Sha256 }, { description: 'the artefact that belongs to this model' })
  )
};

/** `model.json` of a detector: boxes from the anchors of `priors`, as the tail's two outputs move and score them. */
export const FaceDetectionManifest = Type.Object(
  {
    ...common,
    task: Type.Literal('face-detection'),
    tail: Type.Object({ file: Type.String(), sha256: Sha256, activation: Port, loc: Port, conf: Port }),
    priors: Type.Array(PriorMap, { minItems: 1 }),
    postprocess: Type.Object({
      variances: Type.Tuple([Type.Number(), Type.Number()]),
      face_index: Type.Integer({ minimum: 0, description: 'column of conf that is the face score' }),
      score_cut: Type.Number({ minimum: 0, maximum: 1 }),
      nms_iou: Type.Number({ minimum: 0, maximum: 1 }),
      top_k: Type.Integer({ minimum: 1, description: 'candidates kept before non-maximum suppression' }),
      keep_top_k: Type.Integer({ minimum: 1, description: 'detections kept after it' }),
      threshold: Type.Number({ description: 'score from which a clean detection is drawn' }),
      noisy_threshold: Type.Number({ description: 'score from which a noisy detection is drawn' })
    })
  },
  { title: 'FaceDetectionManifest', additionalProperties: false }
);
export type FaceDetectionManifest = Static<typeof FaceDetectionManifest>;

/** `model.json` of a classifier: one score for each class, softmaxed. */
export const ImageClassificationManifest = Type.Object(
  {
    ...common,
    task: Type.Literal('image-classification'),
    tail: Type.Object({ file: Type.String(), sha256: Sha256, activation: Port, scores: Port }),
    labels: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { description: 'of the classes, in the order of scores' }))
  },
  { title: 'ImageClassificationManifest', additionalProperties: false }
);
export type ImageClassificationManifest = Static<typeof ImageClassificationManifest>;

/** `model.json`: everything about a split network that its two graphs do not say; `task` says which kind it is. */
export const ModelManifest = Type.Union([FaceDetectionManifest, ImageClassificationManifest], { title: 'ModelManifest' });
export type ModelManifest = Static<typeof ModelManifest>;
export type ModelTask = ModelManifest['task'];

/** What identifies the weights a result came from. */
export const ModelRef = Type.Object({ name: Type.String(), head_sha256: Sha256, tail_sha256: Sha256 }, { title: 'ModelRef' });
export type ModelRef = Static<typeof ModelRef>;
