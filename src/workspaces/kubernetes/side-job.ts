import { type V1Affinity, type V1Job } from '@kubernetes/client-node';
import { type Home } from './home';
import { type ClusterLedger } from './ledger';
import { operationLabels } from './names';

export interface SideJob {
  name: string;
  /** Names the container. */
  what: string;
  operation: string;
  /** Plain sh with what every image has. */
  script: string;
  /** `$1` and on. */
  parameters?: readonly string[];
  claims: readonly { claim: string; at: string; readOnly: boolean }[];
  /** It is ended after so many. */
  seconds: number;
  /** Where it has to go, in place of where the workspace may. */
  affinity?: V1Affinity;
}

/**
 * A Job that mounts claims beside a workspace: in the workspace's own image, which the nodes have and are allowed to run, and where
 * its pod may go. It has no card for the API, and goes with the operation's record. What the container says last is kept.
 */
export async function sideJob(ledger: ClusterLedger, home: Home, job: SideJob): Promise<V1Job> {
  const { name, what, operation, script, parameters = [], claims, seconds } = job;
  const labels = operationLabels(home.name, operation);
  const { nodeSelector, affinity, tolerations, imagePullSecrets, securityContext, runtimeClassName, priorityClassName } =
    home.deployment.spec?.template.spec ?? {};
  const volumes = claims.map(({ claim, readOnly }, i) => ({
    name: `claim-${i}`,
    persistentVolumeClaim: { claimName: claim, readOnly }
  }));
  return {
    metadata: { name, labels, ownerReferences: await ledger.ownerOf(operation) },
    spec: {
      backoffLimit: 1,
      activeDeadlineSeconds: seconds,
      ttlSecondsAfterFinished: 3600,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          nodeSelector,
          affinity: job.affinity ?? affinity,
          tolerations,
          imagePullSecrets,
          securityContext,
          runtimeClassName,
          priorityClassName,
          containers: [
            {
              name: what,
              image: home.container.image,
              imagePullPolicy: home.container.imagePullPolicy,
              securityContext: home.container.securityContext,
              command: ['/bin/sh', '-euc', script, 'sh', ...parameters],
              terminationMessagePolicy: 'FallbackToLogsOnError',
              resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { cpu: '1', memory: '256Mi' } },
              volumeMounts: claims.map(({ at, readOnly }, i) => ({ name: `claim-${i}`, mountPath: at, readOnly }))
            }
          ],
          volumes
        }
      }
    }
  };
}

/** Whether it ended with an error, its repetition too. */
export const hasFailed = ({ status }: V1Job): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Failed' && is === 'True') ?? false;
