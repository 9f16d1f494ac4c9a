import { Value } from '@sinclair/typebox/value';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type * as Jobs from '../jobs';
import {
  SweepDocument,
  VeilError,
  type BatchFigures,
  type BatchList,
  type BatchLog,
  type BatchRemoved,
  type BatchRequest,
  type BatchResult,
  type BatchSubmitted,
  type BatchView
} from '../protocol';

/** Whoever looks is told after so long that the cluster does not answer; the question itself is given up later, by its client. */
const PATIENCE_MS = 20_000;
/** So many Jobs are remembered: how far their shards said they were, and what was found. */
const REMEMBERED = 50;
/** Lines of each pod that are shown; a log may have millions. */
const LINES = 2000;
/** Pixels across and down. */
const NARROW = [230, 260] as const;
const WIDE = [440, 300] as const;

interface Watched {
  watcher: Jobs.Watcher;
  /** Another time: another Job of the same name. */
  created: string | null;
  found: { result: BatchResult; figures: BatchFigures | null } | null;
}

interface Opened {
  jobs: typeof Jobs;
  cluster: Jobs.Cluster;
}

/** The Jobs of one namespace. The client of the cluster is read when a kubeconfig or a pod says that there is one, and not before. */
export class BatchJobs {
  private opened: Promise<Opened> | null = null;
  private listing: Promise<BatchList> | null = null;
  private readonly watched = new Map<string, Watched>();

  constructor(private readonly log: Logger) {}

  /** @throws VeilError `cluster_unavailable`, `forbidden` */
  async list(): Promise<BatchList> {
    // Several panels ask one question.
    this.listing ??= this.asked(async ({ jobs, cluster }) => ({
      namespace: cluster.namespace,
      jobs: await jobs.listJobs(cluster)
    })).finally(() => (this.listing = null));
    return inTime(this.listing);
  }

  /** @throws VeilError `not_found` also for a Job that is not one of ours */
  async view(name: string): Promise<BatchView> {
    return inTime(this.asked(opened => this.look(name, opened)));
  }

  /** @throws VeilError as `submit` of `src/jobs` */
  async submit(request: BatchRequest): Promise<BatchSubmitted> {
    const submitted = await this.asked(({ jobs, cluster }) => jobs.submit(cluster, request));
    this.log.info({ job: submitted.job.name, namespace: submitted.job.namespace, made: submitted.made }, 'submitted a Job');
    return submitted;
  }

  /** The end of what the newest pod of each shard has printed, or of one. */
  async logs(name: string, shard?: number): Promise<BatchLog> {
    const { pods } = await inTime(this.asked(({ jobs, cluster }) => jobs.logsOf(cluster, name, shard)));
    return { pods: pods.map(pod => ({ ...pod, lines: pod.lines.slice(-LINES) })) };
  }

  async remove(name: string): Promise<BatchRemoved> {
    const notes = await this.asked(({ jobs, cluster }) => jobs.removeJob(cluster, name));
    this.watched.delete(name);
    this.log.info({ job: name }, 'removed a Job');
    return { removed: name, notes };
  }

  private async look(name: string, opened: Opened): Promise<BatchView> {
    const { jobs, cluster } = opened;
    const watched = this.watched.get(name) ?? { watcher: new jobs.Watcher(cluster, name), created: null, found: null };
    const { view: job, pods } = await watched.watcher.look().catch(thrown => {
      this.watched.delete(name);
      throw thrown;
    });
    if (watched.created !== null && watched.created !== job.created) {
      this.watched.delete(name);
      return this.look(name, opened);
    }
    watched.created = job.created;
    this.remember(name, watched);
    if (jobs.isOver(job) && watched.found === null) {
      const result = await jobs.resultOf(cluster, job, pods);
      watched.found = result && { result, figures: await figuresOf(result) };
    }
    return { job, result: watched.found?.result ?? null, figures: watched.found?.figures ?? null };
  }

  private remember(name: string, watched: Watched): void {
    this.watched.delete(name);
    this.watched.set(name, watched);
    for (const old of [...this.watched.keys()].slice(0, Math.max(0, this.watched.size - REMEMBERED))) {
      this.watched.delete(old);
    }
  }

  private async asked<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    const opening = (this.opened ??= open());
    try {
      return await work(await opening);
    } catch (thrown) {
      // The kubeconfig may be another one when somebody asks again; what was watched was watched in the old cluster.
      if (['cluster_unavailable', 'unauthorized'].includes(VeilError.from(thrown).code) && this.opened === opening) {
        this.opened = null;
        this.watched.clear();
      }
      throw thrown;
    }
  }
}

async function open(): Promise<Opened> {
  if (!isNamed()) {
    throw new VeilError(
      'cluster_unavailable',
      'No kubeconfig says which cluster is meant, and this is no pod of one.',
      'Set KUBECONFIG and restart the sidecar, or write ~/.kube/config.'
    );
  }
  const jobs = await import('../jobs');
  return { jobs, cluster: jobs.openJobs() };
}

/** Whether there is anything that could name a cluster, asked without its client. */
export const isNamed = (): boolean =>
  Boolean(process.env.KUBERNETES_SERVICE_HOST || process.env.KUBECONFIG) || existsSync(join(homedir(), '.kube', 'config'));

/** @returns null for an evaluation, and for a document that is not what a sweep prints: it was read from a log */
async function figuresOf({ document }: BatchResult): Promise<BatchFigures | null> {
  if (!Value.Check(SweepDocument, document)) {
    return null;
  }
  const [{ drawCurves }, { sweepChart }] = await Promise.all([
    import('../audit/report/charts'),
    import('../audit/report/sweep-chart')
  ]);
  const chart = sweepChart(document, 'recovered');
  return { narrow: drawCurves(chart, ...NARROW), wide: drawCurves(chart, ...WIDE) };
}

/** @throws VeilError `cluster_unavailable` when it takes longer than somebody waits before a panel */
async function inTime<T>(work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new VeilError('cluster_unavailable', `The cluster does not answer within ${PATIENCE_MS / 1000} s.`, 'Try again later.');
  });
  late.catch(() => undefined);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
