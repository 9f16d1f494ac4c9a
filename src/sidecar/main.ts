import { parseArgs } from 'node:util';
import { insecureSettings, openDoor } from '../egress';
import { openCompute } from '../pipeline/engine';
import { requireNode } from '../pipeline/node-version';
import { FAILURES, VeilError } from '../protocol';
import { startSidecar } from './lifecycle';
import { positiveNumber, settingsFrom } from './settings';
import { resolveStateDir } from './state-dir';

/** `node sidecar.mjs [--state-dir DIR] [--idle-minutes N]`: runs until it is stopped or nobody uses it. */
async function main(): Promise<void> {
  requireNode();
  process.umask(0o077);
  const { values } = parseArgs({ options: { 'state-dir': { type: 'string' }, 'idle-minutes': { type: 'string' } } });
  const settings = settingsFrom(process.env);
  if (values['idle-minutes'] !== undefined) {
    settings.idleMinutes = positiveNumber(values['idle-minutes'], '--idle-minutes');
  }
  const door = openDoor();
  const sidecar = await startSidecar(values['state-dir'] ?? resolveStateDir(), settings, async log => {
    (await insecureSettings()).forEach(line => log('warn', line));
    return openCompute({ log, remoteTail: door });
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => sidecar.stop(signal));
  }
  await sidecar.stopped;
  await door.close();
}

main().then(
  () => process.exit(0),
  (thrown: unknown) => {
    const error = VeilError.from(thrown);
    process.stderr.write(`VeilError: ${error.line}\n`);
    process.exit(FAILURES[error.code].exit);
  }
);
