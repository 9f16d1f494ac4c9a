import { Type, type Static } from '@sinclair/typebox';
import { Mode } from './detection';
import { DeviceChoice, DeviceInfo } from './devices';
import { ErrorBody } from './errors';
import { AuditProgress, AuditReport, AuditRequest } from './audit';
import { EvaluationDocument, SweepDocument } from './evaluation';
import { LearnProgress, LearnReport, LearnRequest } from './learning';
import { Knot } from './obfuscation';
import { WorkspaceOperation } from './workspace';

/** `sidecar.json` in the state directory (0600, written by rename): how to reach the running sidecar. */
export const ConnectionFile = Type.Object(
  {
    protocol: Type.Integer(),
    version: Type.String(),
    pid: Type.Integer(),
    instance: Type.String({ description: 'uuid of this process life; a client checks it against /v1/hello' }),
    host: Type.String({ description: 'hostname and boot id; a file of another host is ignored' }),
    socket: Type.String({ description: 'path of the UNIX socket, at most 100 bytes' }),
    token: Type.String({ description: 'sent as Authorization: Bearer' })
  },
  { title: 'ConnectionFile' }
);
export type ConnectionFile = Static<typeof ConnectionFile>;

export const Hello = Type.Object(
  { protocol: Type.Integer(), version: Type.String(), instance: Type.String(), pid: Type.Integer() },
  { title: 'Hello' }
);
export type Hello = Static<typeof Hello>;

/** What runs use when the caller says nothing; the panel sets them. */
export const Defaults = Type.Object(
  { alpha: Type.Number({ exclusiveMinimum: 0 }), device: DeviceChoice },
  { title: 'Defaults', additionalProperties: false }
);
export type Defaults = Static<typeof Defaults>;

export const RunSummary = Type.Object(
  {
    run: Type.String(),
    started: Type.String({ format: 'date-time' }),
    image: Type.String(),
    mode: Mode,
    alpha: Type.Union([Type.Number(), Type.Null()]),
    calibrated: Type.Union([Type.Boolean(), Type.Null()], {
      description: 'false where ALPHA is a noise scale and no measured leakage; null where no artefact took part'
    }),
    faces: Type.Union([Type.Integer(), Type.Null()], {
      description: 'boxes at or above the threshold; null when it failed, and for a classifier'
    }),
    total_ms: Type.Number(),
    device: Type.String(),
    error: Type.Union([Type.String(), Type.Null()])
  },
  { title: 'RunSummary' }
);
export type RunSummary = Static<typeof RunSummary>;

/** What was measured of an artefact at one of the ALPHAs it was learned at. */
export const MeasuredStrength = Type.Object(
  {
    alpha: Type.Number({ description: 'what users ask for' }),
    measured: Type.Number({ description: 'ALPHA on held-out images, by the strongest attacker of the learning pass' }),
    certified: Type.Union([Type.Number(), Type.Null()], { description: 'ALPHA that a full audit left; null without one' }),
    agreement: Type.Number({ description: "with the clean model's own answers on held-out images, 0..1" }),
    looks: Knot.properties.looks
  },
  { title: 'MeasuredStrength' }
);
export type MeasuredStrength = Static<typeof MeasuredStrength>;

export const ModelSummary = Type.Object(
  {
    name: Type.String(),
    description: Type.String(),
    bundled: Type.Boolean(),
    parameters: Type.Integer({ description: 'number of weights in both graphs' }),
    artefact: Type.Union([
      Type.Object({
        kind: Type.String(),
        calibrated: Type.Boolean(),
        alpha_min: Type.Number(),
        alpha_max: Type.Number(),
        meaning: Type.String({ description: 'what ALPHA means for this artefact, one sentence' }),
        strengths: Type.Optional(Type.Array(MeasuredStrength, { description: 'ascending in alpha' }))
      }),
      Type.Null()
    ]),
    identity: Type.Optional(
      Type.Object(
        {
          task: Type.String(),
          head_sha256: Type.String(),
          tail_sha256: Type.String(),
          artefact_sha256: Type.Union([Type.String(), Type.Null()])
        },
        { description: 'what a server that runs its tail must name too' }
      )
    )
  },
  { title: 'ModelSummary' }
);
export type ModelSummary = Static<typeof ModelSummary>;

/** Body of `POST /v1/learn`; every path in it is absolute, for the sidecar lives in a directory of its own. */
export const LearnJobRequest = Type.Composite(
  [
    LearnRequest,
    Type.Object({ install: Type.Optional(Type.Boolean({ description: 'put the finished artefact into the model folder' })) })
  ],
  { title: 'LearnJobRequest', additionalProperties: false }
);
export type LearnJobRequest = Static<typeof LearnJobRequest>;

export const JobState = Type.Union(
  [Type.Literal('running'), Type.Literal('cancelling'), Type.Literal('done'), Type.Literal('failed'), Type.Literal('cancelled')],
  { description: 'the same request goes on where a failed or cancelled job stopped' }
);
export type JobState = Static<typeof JobState>;

/** What every job is told of, whatever it does. */
const JOB = {
  job: Type.String({ description: 'uuid' }),
  state: JobState,
  started: Type.String({ format: 'date-time' }),
  ended: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  error: Type.Union([ErrorBody.properties.error, Type.Null()], { description: 'in state failed' })
};

/** A learning pass in a process of its own beside the sidecar. */
export const LearnJob = Type.Object(
  {
    ...JOB,
    request: LearnJobRequest,
    progress: Type.Union([LearnProgress, Type.Null()], { description: 'the last that was heard; null before the first' }),
    report: Type.Union([LearnReport, Type.Null()], { description: 'in state done' })
  },
  { title: 'LearnJob' }
);
export type LearnJob = Static<typeof LearnJob>;

export const LearnState = Type.Object(
  { job: Type.Union([LearnJob, Type.Null()], { description: "the last job of this sidecar's life" }) },
  { title: 'LearnState' }
);
export type LearnState = Static<typeof LearnState>;

/** What the process of a learning job tells its sidecar: any number of `progress`, then one of the others. */
export const LearnMessage = Type.Union(
  [
    Type.Object({ type: Type.Literal('progress'), progress: LearnProgress }),
    Type.Object({ type: Type.Literal('report'), report: LearnReport }),
    Type.Object({ type: Type.Literal('error'), error: ErrorBody.properties.error })
  ],
  { title: 'LearnMessage' }
);
export type LearnMessage = Static<typeof LearnMessage>;

/** Body of `POST /v1/audit`; every path in it is absolute. */
export const AuditJobRequest = Type.Composite(
  [AuditRequest, Type.Object({ report: Type.Optional(Type.String({ description: 'file for the report as a page' })) })],
  { title: 'AuditJobRequest', additionalProperties: false }
);
export type AuditJobRequest = Static<typeof AuditJobRequest>;

/** What came of an audit, with curves as SVG: leakage over ALPHA, and over looks where those were tried. */
export const AuditOutcome = Type.Object(
  { report: AuditReport, figures: Type.Object({ alphas: Type.String(), looks: Type.Union([Type.String(), Type.Null()]) }) },
  { title: 'AuditOutcome' }
);
export type AuditOutcome = Static<typeof AuditOutcome>;

/** An audit in a process of its own beside the sidecar; no learning pass runs meanwhile. */
export const AuditJob = Type.Object(
  {
    ...JOB,
    request: AuditJobRequest,
    progress: Type.Union([AuditProgress, Type.Null()], { description: 'the last that was heard; null before the first' }),
    report: Type.Union([AuditOutcome, Type.Null()], { description: 'in state done; events leave it out: it holds pictures' })
  },
  { title: 'AuditJob' }
);
export type AuditJob = Static<typeof AuditJob>;

export const AuditState = Type.Object(
  { job: Type.Union([AuditJob, Type.Null()], { description: "the last audit of this sidecar's life" }) },
  { title: 'AuditState' }
);
export type AuditState = Static<typeof AuditState>;

/** What the process of an audit tells its sidecar: any number of `progress`, then one of the others. */
export const AuditMessage = Type.Union(
  [
    Type.Object({ type: Type.Literal('progress'), progress: AuditProgress }),
    Type.Object({ type: Type.Literal('report'), report: AuditOutcome }),
    Type.Object({ type: Type.Literal('error'), error: ErrorBody.properties.error })
  ],
  { title: 'AuditMessage' }
);
export type AuditMessage = Static<typeof AuditMessage>;

/** Body of `POST /v1/evaluate`; every path in it is absolute. */
export const EvaluationJobRequest = Type.Object(
  {
    kind: Type.Union([Type.Literal('evaluate'), Type.Literal('sweep')]),
    dataset: Type.String({ description: 'folder of the data set' }),
    format: Type.Optional(Type.String({ description: 'fddb, wider, coco or voc; what the folder looks like by default' })),
    category: Type.Optional(Type.String({ description: 'the one that counts, where labels have names' })),
    model: Type.Optional(Type.String({ description: 'model folder or name; default: the bundled faceboxes' })),
    alpha: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'of evaluate; without it a clean run' })),
    alphas: Type.Optional(
      Type.Array(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 }), { minItems: 1, description: 'of sweep' })
    ),
    device: Type.Optional(Type.String()),
    workers: Type.Optional(Type.Integer({ minimum: 1 })),
    out: Type.Optional(Type.String({ description: 'folder that keeps the tallies; default: kept until they are put together' }))
  },
  { title: 'EvaluationJobRequest', additionalProperties: false }
);
export type EvaluationJobRequest = Static<typeof EvaluationJobRequest>;

export const EvaluationJobProgress = Type.Object(
  {
    images: Type.Integer({ minimum: 0, description: 'records of the data set that are done' }),
    of: Type.Integer({ minimum: 0 }),
    images_per_s: Type.Number({ minimum: 0, description: 'in this run' }),
    done: Type.Number({ minimum: 0, maximum: 1 }),
    seconds_left: Type.Union([Type.Number({ minimum: 0 }), Type.Null()])
  },
  { title: 'EvaluationJobProgress' }
);
export type EvaluationJobProgress = Static<typeof EvaluationJobProgress>;

/** What came of an evaluation. */
export const EvaluationOutcome = Type.Object(
  {
    document: Type.Union([EvaluationDocument, SweepDocument]),
    figure: Type.Union([Type.String(), Type.Null()], { description: 'accuracy and leakage over ALPHA as SVG; of sweep' }),
    notices: Type.Array(Type.String(), { description: 'lines a person must see' })
  },
  { title: 'EvaluationOutcome' }
);
export type EvaluationOutcome = Static<typeof EvaluationOutcome>;

/** An evaluation or a sweep in a process of its own beside the sidecar; no other job runs meanwhile. */
export const EvaluationJob = Type.Object(
  {
    ...JOB,
    request: EvaluationJobRequest,
    progress: Type.Union([EvaluationJobProgress, Type.Null()], { description: 'the last that was heard; null before the first' }),
    report: Type.Union([EvaluationOutcome, Type.Null()], { description: 'in state done; events leave it out' })
  },
  { title: 'EvaluationJob' }
);
export type EvaluationJob = Static<typeof EvaluationJob>;

export const EvaluationState = Type.Object(
  { job: Type.Union([EvaluationJob, Type.Null()], { description: "the last evaluation of this sidecar's life" }) },
  { title: 'EvaluationState' }
);
export type EvaluationState = Static<typeof EvaluationState>;

/** What the process of an evaluation tells its sidecar: any number of `progress`, then one of the others. */
export const EvaluationMessage = Type.Union(
  [
    Type.Object({ type: Type.Literal('progress'), progress: EvaluationJobProgress }),
    Type.Object({ type: Type.Literal('report'), report: EvaluationOutcome }),
    Type.Object({ type: Type.Literal('error'), error: ErrorBody.properties.error })
  ],
  { title: 'EvaluationMessage' }
);
export type EvaluationMessage = Static<typeof EvaluationMessage>;

export const SidecarStatus = Type.Object(
  {
    hello: Hello,
    started: Type.String({ format: 'date-time' }),
    clients: Type.Integer({ description: 'open connections, this one included' }),
    devices: Type.Array(DeviceInfo),
    active_device: Type.String({ description: 'what `auto` resolves to now' }),
    notices: Type.Array(Type.String(), { description: 'fallbacks and other lines a person must see' }),
    model: ModelSummary,
    defaults: Defaults,
    runs: Type.Array(RunSummary, { description: 'newest first' }),
    learn: Type.Optional(Type.Union([LearnJob, Type.Null()], { description: 'the last learning job; null before the first' }))
  },
  { title: 'SidecarStatus' }
);
export type SidecarStatus = Static<typeof SidecarStatus>;

/** Pushed on `/v1/events` and, through the server extension, as Jupyter Events. */
export const SidecarEvent = Type.Union(
  [
    Type.Object({ type: Type.Literal('run'), run: RunSummary }),
    Type.Object({ type: Type.Literal('defaults'), defaults: Defaults }),
    Type.Object({ type: Type.Literal('learn'), job: LearnJob }),
    Type.Object({ type: Type.Literal('audit'), job: AuditJob }),
    Type.Object({ type: Type.Literal('evaluate'), job: EvaluationJob }),
    Type.Object({ type: Type.Literal('workspace'), operation: WorkspaceOperation }),
    Type.Object({ type: Type.Literal('stopping') })
  ],
  { title: 'SidecarEvent' }
);
export type SidecarEvent = Static<typeof SidecarEvent>;
