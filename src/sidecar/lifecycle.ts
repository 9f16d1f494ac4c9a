import { randomBytes, randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Compute } from '../pipeline/compute';
import { PROTOCOL, VERSION, type Hello } from '../protocol';
import { BatchJobs } from './batch-jobs';
import { BodyBudget } from './bodies';
import { Cancellation } from './cancellation';
import { hostId, isOurs, removeConnectionIfOurs, writePrivateJson } from './connection-file';
import type { SidecarContext } from './context';
import { DefaultsStore } from './defaults';
import { EventBus } from './events';
import { FrameMemory } from './frame-memory';
import { RunHistory } from './history';
import { auditingKind } from './auditing';
import { evaluatingKind } from './evaluating';
import { Job, JobSlot } from './job';
import { learningKind } from './learning';
import { IdleLease } from './lease';
import { openLog } from './log';
import { Metrics } from './metrics';
import { createServer } from './server';
import { DRAIN_MS, type SidecarSettings } from './settings';
import { chooseSocket, clearStaleSockets, removeIfThere } from './socket-path';
import { openPrivateDir, statePaths } from './state-dir';
import { Tails } from './tails';
import { Workspaces } from './workspaces';

/** How long an answer may take to be read once nothing runs any more. */
const FLUSH_MS = 2000;

export interface RunningSidecar {
  hello: Hello;
  socket: string;
  /** Finish what runs, then go; a second call changes nothing. */
  stop(reason: string): void;
  /** Resolves when everything is closed and removed. */
  stopped: Promise<void>;
}

type OpenCompute = (
  log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: object) => void
) => Promise<Compute>;

/**
 * Listen, and only then write the connection file: who finds it can connect.
 * @throws VeilError `sidecar_unavailable` when the state directory or the socket path will not do.
 */
export async function startSidecar(
  stateDir: string,
  settings: SidecarSettings,
  openCompute: OpenCompute
): Promise<RunningSidecar> {
  openPrivateDir(stateDir);
  const paths = statePaths(stateDir);
  const hello: Hello = { protocol: PROTOCOL, version: VERSION, instance: randomUUID(), pid: process.pid };
  const token = randomBytes(32).toString('hex');
  const socket = chooseSocket(stateDir, hello.instance);
  const log = openLog(paths.log, settings.logLevel);
  const compute = await openCompute((level, message, fields) => log[level](fields ?? {}, message));

  const cancellation = new Cancellation();
  const events = new EventBus();
  const slot = new JobSlot();
  const learning = new Job(learningKind(events), settings.learnCommand, slot, log);
  const auditing = new Job(auditingKind(events), settings.auditCommand, slot, log);
  const evaluating = new Job(evaluatingKind(events), settings.evaluationCommand, slot, log);
  const workspaces = new Workspaces(events, log);
  let stopping = false;
  let finish: () => void;
  const stopped = new Promise<void>(settle => (finish = settle));

  const context: SidecarContext = {
    compute,
    hello,
    token,
    started: new Date(),
    log,
    logPath: paths.log,
    defaults: new DefaultsStore(paths.defaults),
    history: new RunHistory(),
    events,
    frames: new FrameMemory(),
    budget: new BodyBudget(settings.limits),
    cancellation,
    learning,
    auditing,
    evaluating,
    workspaces,
    batchJobs: new BatchJobs(log),
    tails: new Tails(compute),
    metrics: new Metrics({ connections: () => lease.connections, running: () => cancellation.running }),
    connections: () => lease.connections,
    stop
  };
  const app = await createServer(context);
  const lease = new IdleLease(app.server, {
    idleMs: settings.idleMinutes * 60_000,
    running: () => cancellation.running + (slot.running ? 1 : 0) + workspaces.running,
    isReachable: () => isOurs(paths.connection, hello.instance),
    onExpired: stop
  });

  await clearStaleSockets(dirname(socket));
  await app.listen({ path: socket });
  writePrivateJson(paths.connection, { ...hello, host: hostId(), socket, token });
  log.info({ pid: hello.pid, version: hello.version, instance: hello.instance, socket }, 'started');

  function stop(reason: string): void {
    if (stopping) {
      return;
    }
    stopping = true;
    log.info({ reason, running: cancellation.running }, 'stopping');
    void wind();
  }

  /** The connection file goes first, so that the next starter need not wait for what still runs here. */
  async function wind(): Promise<void> {
    lease.release();
    removeConnectionIfOurs(paths.connection, hello.instance);
    const jobs = Promise.all([learning.close(), auditing.close(), evaluating.close(), workspaces.close()]);
    events.publish({ type: 'stopping' });
    const closed = app.close().then(() => true);
    const closesWithin = (ms: number) => Promise.race([closed, delay(ms, false, { ref: false })]);
    const deadline = Date.now() + DRAIN_MS;
    while (cancellation.running > 0 && !(await closesWithin(20))) {
      if (Date.now() > deadline) {
        log.warn({ running: cancellation.running }, 'cut off what still ran');
        cancellation.abortAll();
        break;
      }
    }
    // Nothing runs any more; who is still connected gets a moment to read its answer.
    if (!(await closesWithin(FLUSH_MS))) {
      lease.disconnectAll();
      await closed;
    }
    removeIfThere(socket);
    await Promise.all([compute.close(), jobs]);
    log.info({}, 'stopped');
    finish();
  }

  return { hello, socket, stop, stopped };
}
