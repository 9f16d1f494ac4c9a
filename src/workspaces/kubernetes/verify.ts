import { type V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { VeilError } from '../../protocol';
import { type Run } from '../run';
import { lastEvent, whyPending } from './claims';
import { type ClusterLedger } from './ledger';
import { type Home } from './home';
import { nameOf, uidOf } from './names';
import { hasFailed, sideJob } from './side-job';
import { waitFor } from './wait';

const READY_SECONDS = 900;
const AT = '/veilbook-verify';
/** Every notebook is read, every name looked up; how many entries there are is the container's last word. */
const LOOK = `cd ${AT} && find . -type f -name '*.ipynb' -exec cat {} + > /dev/null && find . | wc -l > /dev/termination-log`;

/**
 * Mount a claim read-only in a Job with the workspace's own image, and read it. It is also the first consumer that a claim of a late
 * binding class waits for, so it goes where the workspace's pod may go.
 * @returns files and folders in it
 * @throws VeilError `timed_out` with what the cluster says, `snapshot_damaged` when it cannot be read
 */
export async function verify(
  ledger: ClusterLedger,
  home: Home,
  claim: V1PersistentVolumeClaim,
  run: Run
): Promise<number | null> {
  const { cluster } = ledger;
  const name = verifyName(run.id);
  const job =
    (await cluster.find('Job', name)) ??
    (await cluster.create(
      'Job',
      await sideJob(ledger, home, {
        name,
        what: 'verify',
        operation: run.id,
        script: LOOK,
        claims: [{ claim: nameOf(claim), at: AT, readOnly: true }],
        seconds: READY_SECONDS
      })
    ));
  const counted = await waitFor<number>(
    async () => {
      const now = await cluster.get('Job', name);
      const pods = await cluster.list('Pod', { labels: `job-name=${name}` });
      if (hasFailed(now)) {
        const why = terminated(pods)?.message ?? (await lastEvent(cluster, 'Job', name)) ?? 'the reading ended with an error';
        throw new VeilError(
          'snapshot_damaged',
          `The volume made from the snapshot cannot be read: ${why.trim()}.`,
          'Use another snapshot.'
        );
      }
      if ((now.status?.succeeded ?? 0) > 0) {
        return { found: Number(pods.map(pod => terminated([pod])?.message ?? '').find(text => /^\s*\d+/.test(text)) ?? NaN) };
      }
      const pod = pods.at(0);
      const reason = (pod && (await lastEvent(cluster, 'Pod', nameOf(pod)))) ?? (await whyPending(cluster, nameOf(claim)));
      return { reason };
    },
    {
      unless: `The volume made from the snapshot could not be read`,
      seconds: READY_SECONDS,
      signal: run.signal,
      seen: reason => run.progress({ reason })
    }
  );
  await cluster.remove('Job', name, uidOf(job));
  return Number.isFinite(counted) ? counted : null;
}

export const verifyName = (operation: string): string => `veilbook-verify-${operation}`;

function terminated(pods: { status?: { containerStatuses?: { state?: { terminated?: { message?: string } } }[] } }[]) {
  return pods
    .flatMap(({ status }) => status?.containerStatuses ?? [])
    .map(({ state }) => state?.terminated)
    .find(ended => ended !== undefined);
}
