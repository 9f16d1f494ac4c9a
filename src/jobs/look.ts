import { type V1Job, type V1Pod } from '@kubernetes/client-node';
import { type BatchJob, VeilError } from '../protocol';
import { lastEvent } from '../workspaces/kubernetes/claims';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { ClusterError } from '../workspaces/kubernetes/failures';
import { nameOf } from '../workspaces/kubernetes/names';
import { linesOf, progressIn, type Progress } from './log-lines';
import { JOB_LABEL, selectorOf } from './names';
import { podsOf, shardOf } from './pods';
import { viewOf } from './view';

const TAIL = 20;
/** Logs that are read in one look; of more pods some in each, in turn. */
const LOGS_A_LOOK = 16;

/** @throws VeilError `not_found` also for a Job that is not one of ours */
export async function jobOf(cluster: Cluster, name: string): Promise<V1Job> {
  const job = await cluster.find('Job', name);
  if (job?.metadata?.labels?.[JOB_LABEL] === undefined) {
    const why = job === null ? `There is no Job ${name}` : `Job ${name} was not made by veilbook job`;
    throw new VeilError('not_found', `${why} in namespace ${cluster.namespace}.`, 'See veilbook job list.');
  }
  return job;
}

/** All Jobs of ours in a namespace, the newest first. How far they are is not asked of their pods. */
export async function listJobs(cluster: Cluster): Promise<BatchJob[]> {
  const [jobs, pods] = [await cluster.list('Job', { labels: selectorOf() }), await cluster.list('Pod', { labels: selectorOf() })];
  const own = (job: V1Job) => pods.filter(({ metadata }) => metadata?.labels?.[JOB_LABEL] === nameOf(job));
  return jobs.map(job => viewOf(job, own(job))).sort((a, b) => (a.created < b.created ? 1 : -1));
}

export interface Looked {
  view: BatchJob;
  pods: V1Pod[];
}

/** Looks at one Job again and again, and remembers how far each shard was when its pod last said so. */
export class Watcher {
  private readonly said = new Map<number, Progress>();
  private turn = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly name: string
  ) {}

  async look(): Promise<Looked> {
    const job = await jobOf(this.cluster, this.name);
    const pods = await podsOf(this.cluster, this.name);
    await this.listen(pods.filter(({ status }) => status?.phase === 'Running'));
    const view = viewOf(job, pods, this.said);
    return { view: view.state === 'pending' ? await this.withReason(view) : view, pods };
  }

  private async listen(running: readonly V1Pod[]): Promise<void> {
    const next = running.map((_, at) => running[(this.turn + at) % running.length]).slice(0, LOGS_A_LOOK);
    this.turn += next.length;
    const logs = await Promise.all(next.map(pod => logTail(this.cluster, nameOf(pod), TAIL)));
    next.forEach((pod, at) => {
      const progress = progressIn(linesOf(logs[at]));
      if (progress !== null) {
        this.said.set(shardOf(pod), progress);
      }
    });
  }

  /** A Job without pods, or whose pods cannot start, says nothing of itself; events do. */
  private async withReason(view: BatchJob): Promise<BatchJob> {
    const waiting = view.shards.find(({ reason }) => reason === null);
    if (waiting === undefined) {
      return view;
    }
    const kind = waiting.pod === null ? 'Job' : 'Pod';
    const reason = await lastEvent(this.cluster, kind, waiting.pod ?? this.name);
    return { ...view, shards: view.shards.map(one => (one === waiting ? { ...one, reason } : one)) };
  }
}

/** The end of a pod's log; nothing of a pod that has printed nothing yet or is gone. */
export async function logTail(cluster: Cluster, pod: string, tailLines: number): Promise<string> {
  try {
    return await cluster.log(pod, { tailLines });
  } catch (thrown) {
    if (thrown instanceof ClusterError && [400, 404, 500].includes(thrown.status)) {
      return '';
    }
    throw thrown;
  }
}
