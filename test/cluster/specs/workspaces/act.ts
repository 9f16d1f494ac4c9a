/**
 * A process that does one thing to a workspace on the test cluster, and ends itself by SIGKILL at a step if it is told one:
 * `act NAMESPACE NAME ACTION [STEP]`. A step is the moment before a write to the API, or after its answer.
 * Prints the number of steps when it came to its end.
 */
import { writeSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';
import { openKubernetesWorkspace } from '../../../../src/workspaces/kubernetes';
import { setStepHook } from '../../../../src/workspaces/step';

const [namespace, name, action, at] = process.argv.slice(2);
let steps = 0;
setStepHook(step => {
  steps++;
  if (steps === Number(at)) {
    writeSync(1, `${JSON.stringify({ killed: step })}\n`);
    process.kill(process.pid, 'SIGKILL');
  }
});

async function main(): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(process.env.VEILBOOK_TEST_KUBECONFIG ?? '');
  const keepClaimName = action.startsWith('rebind');
  const workspace = await openKubernetesWorkspace({ namespace, name, config, leaseSeconds: 5, waitSeconds: 15, keepClaimName });
  steps = 0;
  const [newest] = (await workspace.listSnapshots()).filter(({ kind }) => kind === 'user');
  switch (action) {
    case 'snapshot':
      await workspace.takeSnapshot({ label: 'taken by a process that may be killed' }).result;
      break;
    case 'restore':
    case 'rebind':
      await workspace.restore(newest.id).result;
      break;
    case 'undo':
    case 'rebind-undo':
      await workspace.undoRestore().result;
      break;
    case 'clone':
      await workspace.clone({ to: `${name}-clone`, snapshot: newest.id }).result;
      break;
    case 'delete-workspace':
      await workspace.deleteWorkspace({ workspace: `${name}-clone`, confirm: `${name}-clone` }).result;
      break;
    default:
      throw new Error(`${action}?`);
  }
  writeSync(1, `${JSON.stringify({ steps })}\n`);
}

void main();
