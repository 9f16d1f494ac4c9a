/**
 * A process that does one thing to a workspace, and ends itself by SIGKILL at a step if it is told one:
 * `act TOP ACTION [STEP]`. Prints the number of steps when it came to its end.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { setStepHook } from '../../src/workspaces/step';
import { placeAt } from './trees';

const [top, action, at] = process.argv.slice(2);
let steps = 0;
setStepHook(name => {
  steps++;
  if (steps === Number(at)) {
    writeSync(1, `${JSON.stringify({ killed: name })}\n`);
    process.kill(process.pid, 'SIGKILL');
  }
});

async function main(): Promise<void> {
  const { dir, open } = placeAt(top);
  const workspace = await open(30);
  steps = 0;
  const [newest] = (await workspace.listSnapshots()).filter(({ kind }) => kind === 'user');
  switch (action) {
    case 'snapshot':
      await workspace.takeSnapshot({ label: 'taken by a process that may be killed' }).result;
      break;
    case 'restore':
      await workspace.restore(newest.id).result;
      break;
    case 'restore-files':
      await workspace.restoreFiles(newest.id, ['folder', 'changed.txt']).result;
      break;
    case 'undo':
      await workspace.undoRestore().result;
      break;
    case 'clone':
      await workspace.clone({ to: join(top, 'clone'), snapshot: newest.id }).result;
      break;
    case 'delete-snapshot':
      await workspace.deleteSnapshot(newest.id).result;
      break;
    case 'delete-workspace': {
      const [clone] = (await workspace.listWorkspaces()).filter(({ made_here }) => made_here);
      await workspace.deleteWorkspace({ workspace: clone.id, confirm: clone.name }).result;
      break;
    }
    default:
      throw new Error(`${action} in ${dir}?`);
  }
  writeSync(1, `${JSON.stringify({ steps })}\n`);
}

void main();
