/**
 * npm run test:cluster [-- --level=api|csi|node] [-- --keep] [-- paths or options of jest]
 * Compiles what is missing, starts a cluster, runs test/cluster/specs against it, stops it (--keep: leaves it running).
 * Without --level it takes node where this machine can run it, else csi, and says so.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { start, stop } from './lib/cluster.mjs';
import { asCommand, Complaint } from './lib/complaint.mjs';
import { buildImages } from './lib/image.mjs';
import { requireLevel } from './lib/levels.mjs';
import { checkout, kubeconfig, programs } from './lib/places.mjs';
import { buildPrograms } from './lib/programs.mjs';
import { installToolkit } from './lib/toolkit.mjs';

const { values, positionals } = parseArgs({
  options: { level: { type: 'string' }, keep: { type: 'boolean' } },
  allowPositionals: true
});
const say = line => process.stdout.write(`${line}\n`);

/** What `work` returns; where this machine lacks something, its complaint with `instead` is said and `otherwise` returned. */
function attempt(work, instead, otherwise) {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Complaint)) {
      throw error;
    }
    say(`${error.message} ${instead}`);
    return otherwise;
  }
}

function highestLevel() {
  requireLevel('node');
  return 'node';
}

await asCommand(async () => {
  const level = values.level ?? attempt(highestLevel, 'Running level csi; specs of level node are left out.', 'csi');
  requireLevel(level);
  buildPrograms(level, availableParallelism(), say);
  if (level === 'node') {
    buildImages(say);
  }
  const wantsToolkit = level !== 'api';
  const toolkit = wantsToolkit ? attempt(() => installToolkit(say), 'Specs of the NetApp toolkit are left out.', '') : '';
  let status = 1;
  try {
    await start(level, say);
    const config = ['--config', join('test', 'cluster', 'jest.config.cjs')];
    const environment = {
      ...process.env,
      VEILBOOK_TEST_KUBECONFIG: kubeconfig,
      VEILBOOK_TEST_LEVEL: level,
      VEILBOOK_TEST_KUBECTL: join(programs, 'kubectl'),
      VEILBOOK_TEST_TOOLKIT: toolkit
    };
    ({ status } = spawnSync('jest', [...config, ...positionals], { cwd: checkout, env: environment, stdio: 'inherit' }));
  } finally {
    if (!values.keep) {
      await stop();
    }
  }
  process.exitCode = status ?? 1;
});
