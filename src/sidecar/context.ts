import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault
} from 'fastify';
import type { Logger } from 'pino';
import type { Compute } from '../pipeline/compute';
import type { Hello } from '../protocol';
import type { BatchJobs } from './batch-jobs';
import type { BodyBudget } from './bodies';
import type { Cancellation } from './cancellation';
import type { DefaultsStore } from './defaults';
import type { EventBus } from './events';
import type { FrameMemory } from './frame-memory';
import type { RunHistory } from './history';
import type { Auditing } from './auditing';
import type { Evaluating } from './evaluating';
import type { Learning } from './learning';
import type { Metrics } from './metrics';
import type { Tails } from './tails';
import type { Workspaces } from './workspaces';

/** A Fastify instance whose schemas are TypeBox types. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What the routes work with. */
export interface SidecarContext {
  compute: Compute;
  hello: Hello;
  token: string;
  started: Date;
  log: Logger;
  logPath: string;
  defaults: DefaultsStore;
  history: RunHistory;
  events: EventBus;
  frames: FrameMemory;
  budget: BodyBudget;
  cancellation: Cancellation;
  learning: Learning;
  auditing: Auditing;
  evaluating: Evaluating;
  workspaces: Workspaces;
  batchJobs: BatchJobs;
  tails: Tails;
  metrics: Metrics;
  connections(): number;
  /** Asked to stop; returns at once. */
  stop(reason: string): void;
}
