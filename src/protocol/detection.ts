import { Type, type Static } from '@sinclair/typebox';
import { ArtefactRef } from './artefact';
import { DeviceChoice } from './devices';
import { ErrorBody } from './errors';
import { ModelRef } from './models';

export const Mode = Type.Union([Type.Literal('clean'), Type.Literal('noisy')]);
export type Mode = Static<typeof Mode>;

/** A box in pixels of the original frame (x right, y down, origin at the top left corner) with its score, 0..1. */
export const Detection = Type.Object(
  { x1: Type.Number(), y1: Type.Number(), x2: Type.Number(), y2: Type.Number(), score: Type.Number() },
  { title: 'Detection' }
);
export type Detection = Static<typeof Detection>;

/** What a classifier says of a whole frame. */
export const ClassScore = Type.Object(
  {
    label: Type.String({ description: "the model's word for it; its index where the model has none" }),
    index: Type.Integer({ minimum: 0, description: 'place in the scores of the tail' }),
    score: Type.Number({ description: '0..1' })
  },
  { title: 'ClassScore' }
);
export type ClassScore = Static<typeof ClassScore>;

/** Pictures a caller may ask for; none is coded unless somebody looks. */
export const PictureKind = Type.Union([
  Type.Literal('annotated', { description: 'the frame with the boxes drawn into its pixels' }),
  Type.Literal('frame', { description: 'the frame alone, no longer than max_side' }),
  Type.Literal('reconstruction', {
    description: 'what the adaptive decoder, an attacker who knows the noise, makes of the activation that the tail saw'
  }),
  Type.Literal('linear_attacker', { description: 'the same by the best linear attacker who knows the noise' }),
  Type.Literal('naive_viewer', {
    description: 'the same by a linear decoder of clean activations: an illustration, no evidence of protection'
  })
]);
export type PictureKind = Static<typeof PictureKind>;

/**
 * Who makes a picture of an activation. The adaptive decoder was trained on noisy activations and knows the noise; the
 * linear attacker knows it too; the naive viewer was fitted to clean activations, which says nothing about the noise.
 */
export const Attacker = Type.Union([
  Type.Literal('adaptive decoder'),
  Type.Literal('linear attacker'),
  Type.Literal('naive viewer')
]);
export type Attacker = Static<typeof Attacker>;

export const PictureFormat = Type.Union([Type.Literal('jpeg'), Type.Literal('png')]);
export type PictureFormat = Static<typeof PictureFormat>;

/** Where the tail runs, when not here: a model of a server that speaks KServe's protocol, as Triton does. */
export const TailUrl = Type.String({
  maxLength: 512,
  pattern: '^tritons?(\\+grpc)?://',
  description: 'triton://host:port/model; tritons:// with TLS, triton+grpc:// and tritons+grpc:// over gRPC'
});

/** What went to a tail elsewhere, or would have gone. */
export const Sent = Type.Object(
  {
    destination: Type.String({ description: 'scheme, host and port' }),
    server_model: Type.String(),
    server_version: Type.Union([Type.String(), Type.Null()], {
      description: 'as the server named it; null when it was not asked'
    }),
    tensor_bytes: Type.Integer(),
    tensor_sha256: Type.String(),
    bytes_sent: Type.Integer({ description: 'on the connection, headers included; 0 in a dry run' }),
    bytes_received: Type.Integer(),
    ledger_entry: Type.Union([Type.Integer(), Type.Null()], { description: 'sequence number in the ledger; null in a dry run' }),
    dry_run: Type.Boolean()
  },
  { title: 'Sent' }
);
export type Sent = Static<typeof Sent>;

/** A snapshot's id as any provider makes them: a label in records, which nothing trusts. */
export const SnapshotId = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$',
  description: 'id of the workspace snapshot that the run belongs to, for the ledger'
});

/** How one frame is to be run. Everything but `mode` has a default. */
export const RunOptions = Type.Object(
  {
    mode: Mode,
    alpha: Type.Optional(Type.Number({ description: 'noise strength; required by mode noisy, refused by mode clean' })),
    threshold: Type.Optional(Type.Number({ minimum: 0, maximum: 1, description: 'score from which a box is drawn' })),
    device: Type.Optional(DeviceChoice),
    model: Type.Optional(Type.String({ description: 'name of a registered model or a model folder; default: faceboxes' })),
    picture_format: Type.Optional(PictureFormat),
    max_side: Type.Optional(
      Type.Integer({ minimum: 16, maximum: 8192, description: 'longest side of the `frame` picture, pixels' })
    ),
    insecure_seed: Type.Optional(
      Type.Integer({ minimum: 0, description: 'repeatable noise for tests; the result is marked not private' })
    ),
    tail: Type.Optional(TailUrl),
    allow_clean_egress: Type.Optional(
      Type.Boolean({ description: 'with mode clean and a tail elsewhere: send the clean activation, this once' })
    ),
    dry_run: Type.Optional(Type.Boolean({ description: 'with a tail elsewhere: say what would leave, and send nothing' })),
    snapshot: Type.Optional(SnapshotId)
  },
  { title: 'RunOptions' }
);
export type RunOptions = Static<typeof RunOptions>;

/** Milliseconds per stage; a stage that did not run is absent. */
export const Timings = Type.Object(
  {
    decode: Type.Optional(Type.Number()),
    preprocess: Type.Optional(Type.Number()),
    head: Type.Optional(Type.Number()),
    noise: Type.Optional(Type.Number()),
    tail: Type.Optional(Type.Number()),
    postprocess: Type.Optional(Type.Number()),
    reconstruct: Type.Optional(Type.Number()),
    annotate: Type.Optional(Type.Number()),
    encode: Type.Optional(Type.Number()),
    queue: Type.Optional(Type.Number({ description: 'waiting for a free compute worker' })),
    total: Type.Number()
  },
  { title: 'Timings' }
);
export type Timings = Static<typeof Timings>;

const LookAlpha = (description: string) => Type.Union([Type.Number(), Type.Null()], { description });

/** How often one source was seen with fresh noise in this process life, near-duplicates included, and what that leaves. */
export const Looks = Type.Object(
  {
    count: Type.Integer({ minimum: 1, description: 'noisy tensors of this source, this one included; equal ones count once' }),
    alpha_1: LookAlpha("this run's ALPHA against one look, as measured for the artefact; null where it was not"),
    alpha_k: LookAlpha('ALPHA against all these looks, at the weakest of them; null where so many were not measured')
  },
  { title: 'Looks' }
);
export type Looks = Static<typeof Looks>;

/** The result of one frame. `detections` reach down to the model's score cut; `threshold` says which are drawn. */
export const DetectionResult = Type.Object(
  {
    run: Type.String({ description: 'identifies this run' }),
    image: Type.String({ description: 'name of the source, as the caller gave it' }),
    mode: Mode,
    alpha: Type.Union([Type.Number(), Type.Null()]),
    width: Type.Integer(),
    height: Type.Integer(),
    threshold: Type.Number(),
    detections: Type.Array(Detection, { description: 'none from a classifier' }),
    classes: Type.Optional(Type.Array(ClassScore, { description: 'of a classifier only: the five best, best first' })),
    timings_ms: Timings,
    device: Type.String({ description: 'the device that ran it, never the one that was wished for' }),
    notices: Type.Array(Type.String(), { description: 'lines a person must see: a fallback, an uncalibrated artefact, a seed' }),
    private: Type.Boolean({ description: 'false for a clean run and for noise from insecure_seed' }),
    model: ModelRef,
    artefact: Type.Union([ArtefactRef, Type.Null()]),
    looks: Type.Optional(Type.Union([Looks, Type.Null()], { description: 'null for a clean run' })),
    sent: Type.Optional(Sent),
    versions: Type.Record(Type.String(), Type.String())
  },
  { title: 'DetectionResult' }
);
export type DetectionResult = Static<typeof DetectionResult>;

/** The document `veilbook detect --json` prints. */
export const DetectDocument = Type.Object(
  {
    schema: Type.Literal(1),
    results: Type.Array(
      Type.Composite([
        DetectionResult,
        Type.Object({ picture: Type.Optional(Type.String({ description: 'path of the annotated picture, with --out' })) })
      ])
    ),
    skipped: Type.Optional(
      Type.Array(Type.Object({ image: Type.String(), code: Type.String(), message: Type.String(), remedy: Type.String() }), {
        description: 'images left out by --skip-bad'
      })
    ),
    error: Type.Optional(Type.Index(ErrorBody, ['error'], { description: 'why the command stopped after `results`' }))
  },
  { title: 'DetectDocument' }
);
export type DetectDocument = Static<typeof DetectDocument>;
