import { Type, type Static } from '@sinclair/typebox';

const Alpha = Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 });
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T, description?: string) =>
  Type.Union([schema, Type.Null()], description ? { description } : {});
const Time = Type.String({ format: 'date-time' });

/** What a Job on Kubernetes is asked for: one evaluation, or with `alphas` a sweep. */
export const BatchRequest = Type.Object(
  {
    name: Type.String({ description: 'of the Job: lower-case letters, digits, hyphens; with one shard also dots' }),
    claim: Type.String({ description: 'the PersistentVolumeClaim with the data set; the pods see it at /data' }),
    dataset: Type.String({ description: 'a folder of the claim, with or without /data/ before it' }),
    format: Type.Optional(Type.String({ description: 'default: what the folder looks like' })),
    category: Type.Optional(Type.String({ description: 'the one that counts, where labels have names' })),
    model: Type.Optional(Type.String({ description: 'name in the image, or a folder of the claim as the pods see it' })),
    alpha: Type.Optional(Alpha),
    alphas: Type.Optional(Type.Array(Alpha, { minItems: 1, description: 'a sweep over these' })),
    shards: Type.Optional(Type.Integer({ minimum: 1, maximum: 10000 })),
    parallel: Type.Optional(Type.Integer({ minimum: 1, maximum: 10000, description: 'so many pods at a time; default all' })),
    gpus: Type.Optional(Type.Integer({ minimum: 0, maximum: 64, description: 'for each pod' })),
    cpu: Type.Optional(Type.String({ description: 'what each pod requests, a quantity; default 1' })),
    memory: Type.Optional(Type.String({ description: 'likewise; default 1Gi' })),
    image: Type.Optional(Type.String()),
    group: Type.Optional(Type.Integer({ minimum: 1, description: 'a group that may write to the claim' })),
    results: Type.Optional(
      Type.String({ description: 'a folder of the claim; default veilbook-results/NAME where shards need one' })
    ),
    snapshot: Type.Optional(
      Type.String({ description: 'read a claim made from this VolumeSnapshot in place of the claim itself' })
    ),
    backoff_limit: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000, description: 'of each shard; default 5' }))
  },
  { title: 'BatchRequest', additionalProperties: false }
);
export type BatchRequest = Static<typeof BatchRequest>;

export const BATCH_STATES = ['pending', 'running', 'complete', 'failed', 'deleting'] as const;
export const BatchState = Type.Union(BATCH_STATES.map(state => Type.Literal(state)));
export type BatchState = (typeof BATCH_STATES)[number];

/** One shard; a Job of one pod has one. */
export const BatchShard = Type.Object(
  {
    shard: Type.Integer({ description: 'from 0' }),
    state: Type.Union([...BATCH_STATES.filter(state => state !== 'deleting').map(state => Type.Literal(state))]),
    pod: Nullable(Type.String(), 'its newest one'),
    node: Nullable(Type.String()),
    pods: Type.Integer({ description: 'how many it has had, as far as the cluster remembers' }),
    done: Nullable(Type.Integer(), 'images; null while nobody knows'),
    total: Nullable(Type.Integer()),
    exit_code: Nullable(Type.Integer(), 'of the pod that failed last'),
    reason: Nullable(Type.String(), 'why it waits or failed, in the words of the cluster or of the program')
  },
  { title: 'BatchShard' }
);
export type BatchShard = Static<typeof BatchShard>;

/** What a Job found. */
export const BatchResult = Type.Object(
  {
    lines: Type.Array(Type.String(), { description: 'the closing lines of its log' }),
    document: Nullable(
      Type.Record(Type.String(), Type.Unknown()),
      'what veilbook evaluate --json, or sweep --json, prints; null for a Job without --results'
    ),
    average_ap: Nullable(Type.Number(), 'of the evaluation; null for a sweep'),
    bad: Nullable(Type.Integer(), 'images that could not be used; null: some, and the log says which'),
    at: Nullable(Type.String(), 'CLAIM:FOLDER with result.json; null: in the log alone')
  },
  { title: 'BatchResult' }
);
export type BatchResult = Static<typeof BatchResult>;

export const BatchJob = Type.Object(
  {
    name: Type.String(),
    namespace: Type.String(),
    state: BatchState,
    created: Time,
    finished: Nullable(Time),
    request: Nullable(BatchRequest, 'null where somebody changed what is noted on the Job'),
    snapshot: Nullable(Type.String(), 'the VolumeSnapshot that it reads'),
    results: Nullable(Type.String(), 'CLAIM:FOLDER where the result comes to lie'),
    share: Type.Number({ description: 'of the images that are done, 0…1' }),
    shards: Type.Array(BatchShard),
    message: Nullable(Type.String(), 'why it failed, in the words of the cluster')
  },
  { title: 'BatchJob' }
);
export type BatchJob = Static<typeof BatchJob>;

export const BatchList = Type.Object(
  { namespace: Type.String(), jobs: Type.Array(BatchJob, { description: 'newest first' }) },
  { title: 'BatchList' }
);
export type BatchList = Static<typeof BatchList>;

export const BatchLog = Type.Object(
  { pods: Type.Array(Type.Object({ pod: Type.String(), shard: Type.Integer(), lines: Type.Array(Type.String()) })) },
  { title: 'BatchLog' }
);
export type BatchLog = Static<typeof BatchLog>;

/** A sweep's accuracy and leakage over ALPHA as SVG, whose colours are variables of the page. */
export const BatchFigures = Type.Object(
  { narrow: Type.String({ description: 'for 220 px and up' }), wide: Type.String({ description: 'for 400 px and up' }) },
  { title: 'BatchFigures' }
);
export type BatchFigures = Static<typeof BatchFigures>;

/** One Job as it is now, and what it found once it is over. */
export const BatchView = Type.Object(
  {
    job: BatchJob,
    result: Nullable(BatchResult, 'null before the end, and where the pod that printed it is gone'),
    figures: Nullable(BatchFigures, 'of a sweep whose result is known')
  },
  { title: 'BatchView' }
);
export type BatchView = Static<typeof BatchView>;

export const BatchSubmitted = Type.Object(
  {
    job: BatchJob,
    made: Type.Boolean({ description: 'false: the same had been submitted before, and goes on' }),
    notes: Type.Array(Type.String(), { description: 'what a person should know, a sentence each' })
  },
  { title: 'BatchSubmitted' }
);
export type BatchSubmitted = Static<typeof BatchSubmitted>;

export const BatchRemoved = Type.Object(
  { removed: Type.String(), notes: Type.Array(Type.String(), { description: 'likewise' }) },
  { title: 'BatchRemoved' }
);
export type BatchRemoved = Static<typeof BatchRemoved>;
