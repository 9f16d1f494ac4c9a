import { Type, type Static } from '@sinclair/typebox';

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Count = Type.Integer({ minimum: 0 });
const Word = (description: string) => Type.String({ maxLength: 256, description });
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T, description?: string) =>
  Type.Union([schema, Type.Null()], description ? { description } : {});
const exactly = { additionalProperties: false };

/** One tensor that is about to leave: what the ledger records of it and a policy judges. */
export const Departure = Type.Object(
  {
    run: Nullable(Word('id of the run')),
    snapshot: Nullable(Word('id of the snapshot that the run belongs to')),
    destination: Word('scheme://host:port, as in tritons://inference.example:8000'),
    server_model: Word('name of the model on the server'),
    server_version: Nullable(Word('version that was asked for; null: the server chooses')),
    model: Type.Object({ name: Word('of the model folder'), head_sha256: Sha256, tail_sha256: Sha256 }, exactly),
    artefact_sha256: Nullable(Sha256, 'of the obfuscation; null for a clean activation'),
    alpha: Nullable(Type.Number({ minimum: 0, maximum: 1 }), 'that was asked for; null for a clean activation'),
    looks: Nullable(
      Type.Object(
        {
          count: Type.Integer({ minimum: 1, description: 'looks at this source, this one included' }),
          alpha_k: Nullable(Type.Number(), 'ALPHA of them all together; null where it was not measured')
        },
        exactly
      )
    ),
    clean: Type.Boolean({ description: 'an activation without noise' }),
    private: Type.Boolean({ description: 'false where the noise can be made again, as with an insecure seed' }),
    bytes: Type.Integer({ minimum: 1, description: 'of the tensor on the wire' }),
    tensor_sha256: Sha256,
    source: Sha256
  },
  { title: 'Departure', ...exactly }
);
export type Departure = Static<typeof Departure>;

/** What came of a departure. */
export const Arrival = Type.Object(
  {
    outcome: Type.Union([Type.Literal('answered'), Type.Literal('failed'), Type.Literal('unknown')], {
      description: 'unknown: nobody lived to see it, or it was given up; the tensor may have arrived'
    }),
    reply_sha256: Nullable(Sha256, 'of the reply body'),
    bytes_sent: Nullable(Count),
    bytes_received: Nullable(Count),
    server_version: Nullable(Word('version that answered'))
  },
  { title: 'Arrival', ...exactly }
);
export type Arrival = Static<typeof Arrival>;

const chained = {
  schema: Type.Literal(1),
  sequence: Count,
  time: Type.String({
    pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$',
    description: 'when it was written, by this machine'
  }),
  previous: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'hash of the entry before; zeros for the first' }),
  root: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'RFC 6962 tree hash over the hashes of all entries before' }),
  writer: Type.String({ maxLength: 80, description: 'the process: pid.start@host' }),
  hash: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of this entry in canonical form without this member' })
};

/** First entry of each file of a ledger. */
export const SegmentEntry = Type.Object(
  {
    ...chained,
    kind: Type.Literal('segment'),
    ledger: Type.String({ pattern: '^[0-9a-f]{32}$', description: 'id of the ledger' }),
    segment: Type.Integer({ minimum: 1, description: 'number of the file' }),
    frontier: Type.Array(Sha256, { description: 'complete subtrees over all entries before, largest first' }),
    unsettled: Type.Array(Count, { description: 'departures before that nothing settled yet' })
  },
  { title: 'SegmentEntry', ...exactly }
);
export type SegmentEntry = Static<typeof SegmentEntry>;

/** A tensor is about to leave: written before its first byte is sent. */
export const DepartedEntry = Type.Object(
  { ...chained, kind: Type.Literal('departed'), departure: Departure },
  { title: 'DepartedEntry', ...exactly }
);
export type DepartedEntry = Static<typeof DepartedEntry>;

/** What came of it. */
export const SettledEntry = Type.Object(
  {
    ...chained,
    kind: Type.Literal('settled'),
    departed: Type.Object({ sequence: Count, hash: Sha256 }, exactly),
    arrival: Arrival
  },
  { title: 'SettledEntry', ...exactly }
);
export type SettledEntry = Static<typeof SettledEntry>;

/** A file ended in bytes that are no entry; they were kept aside. */
export const RepairedEntry = Type.Object(
  {
    ...chained,
    kind: Type.Literal('repaired'),
    kept: Type.Object({ file: Type.String(), bytes: Count, sha256: Sha256 }, exactly),
    redone: Type.Boolean({ description: 'the entry that was being written was written again from the anchor' })
  },
  { title: 'RepairedEntry', ...exactly }
);
export type RepairedEntry = Static<typeof RepairedEntry>;

/** After the machine had been restarted the file did not end where the anchor said: what a power cut may leave. */
export const RestartedEntry = Type.Object(
  {
    ...chained,
    kind: Type.Literal('restarted'),
    anchor: Type.Object({ sequence: Count, hash: Sha256 }, { description: 'the last entry that the anchor knew of', ...exactly }),
    found: Type.Object({ sequence: Count, hash: Sha256 }, { description: 'the last entry in the file', ...exactly })
  },
  { title: 'RestartedEntry', ...exactly }
);
export type RestartedEntry = Static<typeof RestartedEntry>;

/** One line of a ledger. */
export const Entry = Type.Union([SegmentEntry, DepartedEntry, SettledEntry, RepairedEntry, RestartedEntry], { title: 'Entry' });
export type Entry = Static<typeof Entry>;

/** Proof for one frame that needs nothing but a published head hash. */
export const Receipt = Type.Object(
  {
    schema: Type.Literal(1),
    departed: Type.String({ description: 'the entry, as its line' }),
    settled: Nullable(Type.String({ description: 'what came of it, as its line; it names the hash of the departed one' })),
    path: Type.Array(Sha256, { description: "RFC 6962 audit path of the settled (else departed) entry's hash, deepest first" }),
    head: Type.String({
      description: 'an entry from that one on, as its line; its hash is what is compared with what was published'
    })
  },
  { title: 'Receipt', ...exactly }
);
export type Receipt = Static<typeof Receipt>;

export const LedgerHead = Type.Object(
  { ledger: Type.String(), sequence: Count, hash: Sha256, time: Type.String() },
  { title: 'LedgerHead' }
);
export type LedgerHead = Static<typeof LedgerHead>;

/** What left last, oldest first. */
export const LedgerView = Type.Object(
  {
    schema: Type.Literal(1),
    folder: Type.String(),
    head: Nullable(LedgerHead, 'null: nothing was ever recorded'),
    departures: Type.Array(
      Type.Object({ departed: DepartedEntry, settled: Nullable(SettledEntry, 'null: nothing settled it yet') })
    )
  },
  { title: 'LedgerView' }
);
export type LedgerView = Static<typeof LedgerView>;

/** What a look through a whole ledger found. */
export const Verdict = Type.Object(
  {
    schema: Type.Literal(1),
    ok: Type.Boolean({ description: 'no findings' }),
    entries: Count,
    departed: Count,
    clean: Type.Integer({ minimum: 0, description: 'departures without noise' }),
    settled: Count,
    unsettled: Type.Array(Count, { description: 'sequences of departures that nothing settled' }),
    bytes: Type.Integer({ minimum: 0, description: 'of all tensors that departed' }),
    head: Nullable(LedgerHead),
    findings: Type.Array(Type.Object({ file: Type.String(), line: Nullable(Type.Integer()), what: Type.String() }))
  },
  { title: 'Verdict' }
);
export type Verdict = Static<typeof Verdict>;

const Labels = Type.Record(Type.String(), Type.String());

/** One server that tensors may go to. */
export const PolicyDestination = Type.Object(
  {
    url: Type.String({ description: 'as in tritons://inference.example:8000' }),
    models: Type.Optional(Type.Array(Type.String(), { minItems: 1, description: 'on the server; any where left out' })),
    pods: Type.Optional(
      Type.Object(
        {
          namespace: Type.Optional(Type.String()),
          labels: Labels,
          port: Type.Optional(
            Type.Integer({ minimum: 1, maximum: 65535, description: "of the pods, where the Service's differs" })
          )
        },
        { description: 'the pods behind it, for a NetworkPolicy', ...exactly }
      )
    ),
    cidr: Type.Optional(Type.Array(Type.String(), { minItems: 1, description: 'its addresses, for a NetworkPolicy' }))
  },
  { title: 'PolicyDestination', ...exactly }
);
export type PolicyDestination = Static<typeof PolicyDestination>;

/** What a reviewer allows to leave. */
export const Policy = Type.Object(
  {
    schema: Type.Literal(1),
    minimum_alpha: Type.Number({ minimum: 0, maximum: 1 }),
    looks: Type.Optional(
      Type.Object(
        {
          most: Type.Optional(Type.Integer({ minimum: 1, description: 'at one source' })),
          least_alpha_k: Type.Optional(Type.Number({ minimum: 0, maximum: 1, description: 'of all looks together' }))
        },
        exactly
      )
    ),
    destinations: Type.Union([Type.Literal('any'), Type.Array(PolicyDestination)]),
    model_sha256: Type.Optional(Type.Array(Sha256, { description: 'of heads' })),
    artefact_sha256: Type.Optional(Type.Array(Sha256)),
    clean_egress: Type.Union([Type.Literal('never'), Type.Literal('by flag')]),
    tls: Type.Union([Type.Literal('required'), Type.Literal('where given')])
  },
  { title: 'Policy', ...exactly }
);
export type Policy = Static<typeof Policy>;
