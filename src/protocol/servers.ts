import { Type, type Static } from '@sinclair/typebox';
import { Policy, Verdict } from './egress';
import { ErrorBody } from './errors';
import { TritonServer } from './triton-server';

const Count = Type.Integer({ minimum: 0 });
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T, description?: string) =>
  Type.Union([schema, Type.Null()], description ? { description } : {});
const Failure = ErrorBody.properties.error;

export const TAIL_SOURCES = ['servers.json', 'policy', 'ledger', 'cluster'] as const;

/** A model of a server that a tail could be, and who named it. */
export const KnownTail = Type.Object(
  {
    url: Type.String({ description: 'as a cell takes it: triton://host:port/model' }),
    destination: Type.String({ description: 'scheme://host:port' }),
    model: Type.String({ description: 'name on the server' }),
    assumed: Type.Boolean({ description: 'nobody named a model there: this is the name that an export gives' }),
    sources: Type.Array(Type.Union(TAIL_SOURCES.map(source => Type.Literal(source)))),
    refused: Nullable(Type.String(), 'the rule by which nothing may leave for it, in words'),
    last: Nullable(Type.String(), 'when a tensor last left for it, as far as the ledger was read'),
    cluster: Nullable(Type.Pick(TritonServer, ['name', 'namespace', 'status', 'reason', 'warning']))
  },
  { title: 'KnownTail' }
);
export type KnownTail = Omit<Static<typeof KnownTail>, 'sources' | 'cluster'> & {
  sources: (typeof TAIL_SOURCES)[number][];
  cluster: Pick<TritonServer, 'name' | 'namespace' | 'status' | 'reason' | 'warning'> | null;
};

/** What reviewers allow to leave. */
export const PolicyInView = Type.Object(
  {
    files: Type.Array(Type.String(), { description: 'none: the built-in rules hold' }),
    policy: Nullable(Policy, 'what all of them allow; null where one cannot be followed'),
    insecure: Type.Array(Type.String(), { description: 'what is left open, a line each' }),
    error: Nullable(Failure, 'why no policy can be followed: nothing may leave')
  },
  { title: 'PolicyInView' }
);
export type PolicyInView = Static<typeof PolicyInView>;

export const TailList = Type.Object(
  {
    tails: Type.Array(KnownTail),
    policy: PolicyInView,
    notes: Type.Array(Type.String(), { description: 'where nobody could look, and why; a line each' })
  },
  { title: 'TailList' }
);
export type TailList = Omit<Static<typeof TailList>, 'tails'> & { tails: KnownTail[] };

/** Of one version of a model, since its server was started; milliseconds are means, null before the first. */
export const TailStatistics = Type.Object(
  {
    version: Type.String(),
    inferences: Type.Integer({ minimum: 0, description: 'samples' }),
    runs: Type.Integer({ minimum: 0, description: 'of the graph; a run may have several samples' }),
    answered: Count,
    failed: Count,
    request_ms: Nullable(Type.Number(), 'of an answered request in the server'),
    queue_ms: Nullable(Type.Number()),
    model_ms: Nullable(Type.Number(), 'in the graph')
  },
  { title: 'TailStatistics' }
);
export type TailStatistics = Static<typeof TailStatistics>;

export const TAIL_STATES = ['ready', 'unfit', 'away', 'refused'] as const;

/** What a server said of a model of its own; no tensor was sent. */
export const InspectedTail = Type.Object(
  {
    url: Type.String(),
    destination: Type.String(),
    model: Type.String(),
    state: Type.Union(
      TAIL_STATES.map(state => Type.Literal(state)),
      {
        description:
          'ready: it answers, and what it says of itself agrees with the loaded model; unfit: it answers, and does not; ' +
          'away: it does not answer; refused: nothing may leave for it, so that it was not asked'
      }
    ),
    reason: Nullable(Failure, 'in every state but ready'),
    platform: Type.String(),
    versions: Type.Array(Type.String()),
    side: Nullable(Type.String(), 'clean tail, or server side'),
    alpha: Nullable(Type.Number(), 'of the noise that it expects; null for a clean tail, and where it says none'),
    statistics: Type.Array(TailStatistics)
  },
  { title: 'InspectedTail' }
);
export type InspectedTail = Omit<Static<typeof InspectedTail>, 'state'> & { state: (typeof TAIL_STATES)[number] };

export const PROTECTIONS = ['obfuscated', 'clean', 'not private'] as const;
export const OUTCOMES = ['answered', 'failed', 'unknown', 'not settled'] as const;

/** A departure as the ledger has it, without hashes: `receipt` has those. */
export const DepartureRow = Type.Object(
  {
    entry: Count,
    time: Type.String({ format: 'date-time' }),
    destination: Type.String(),
    server_model: Type.String(),
    protection: Type.Union(
      PROTECTIONS.map(one => Type.Literal(one)),
      { description: 'clean: no noise; not private: noise that can be made again' }
    ),
    alpha: Nullable(Type.Number()),
    looks: Nullable(Type.Integer({ minimum: 1 }), 'at its source, this one included; null where they were not counted'),
    bytes: Type.Integer({ minimum: 1, description: 'of the tensor' }),
    outcome: Type.Union(OUTCOMES.map(one => Type.Literal(one))),
    snapshot: Nullable(Type.String())
  },
  { title: 'DepartureRow' }
);
export type DepartureRow = Omit<Static<typeof DepartureRow>, 'protection' | 'outcome'> & {
  protection: (typeof PROTECTIONS)[number];
  outcome: (typeof OUTCOMES)[number];
};

/** Departures, newest first, and whether the ledger is whole. */
export const LedgerPage = Type.Object(
  {
    folder: Type.String(),
    head: Nullable(Type.Integer(), 'number of the last entry; null: nothing was ever recorded'),
    departures: Type.Array(DepartureRow),
    more: Type.Boolean({ description: 'there are earlier ones' }),
    unreadable: Nullable(Failure, 'why no departures can be listed'),
    verdict: Nullable(Verdict, 'where it was asked for and there is a ledger'),
    verified: Nullable(Type.String({ format: 'date-time' }), 'when')
  },
  { title: 'LedgerPage' }
);
export type LedgerPage = Omit<Static<typeof LedgerPage>, 'departures'> & { departures: DepartureRow[] };
