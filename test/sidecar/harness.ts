import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionFile } from '../../src/protocol';
import { readConnection } from '../../src/sidecar/connection-file';
import { startSidecar, type RunningSidecar } from '../../src/sidecar/lifecycle';
import { settingsFrom, type SidecarSettings } from '../../src/sidecar/settings';
import { statePaths } from '../../src/sidecar/state-dir';
import { standInCompute, type StandIn } from './stand-in-compute';

const directories: string[] = [];

/** A state directory of its own, 0700, gone after `removeStateDirs`. */
export function newStateDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'veil-'));
  directories.push(dir);
  return dir;
}

export function removeStateDirs(): void {
  for (const dir of directories.splice(0)) {
    rmSync(dir, { recursive: true, force: true });
  }
}

export interface InProcess {
  sidecar: RunningSidecar;
  connection: ConnectionFile;
  compute: StandIn;
  stateDir: string;
}

/** The whole sidecar in this process, over a stand-in for the detector whose runs take `runMs`. */
export async function startInProcess(runMs = 0, changes: Partial<SidecarSettings> = {}): Promise<InProcess> {
  const stateDir = newStateDir();
  const compute = standInCompute(runMs);
  const sidecar = await startSidecar(stateDir, { ...settingsFrom({}), ...changes }, async () => compute);
  return { sidecar, compute, stateDir, connection: readConnection(statePaths(stateDir).connection)! };
}

/** Wait until the condition holds; a test that waits for longer has failed. */
export async function until(condition: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  for (const deadline = Date.now() + ms; !(await condition());) {
    if (Date.now() > deadline) {
      throw new Error(`not so within ${ms} ms: ${condition.toString()}`);
    }
    await new Promise(settle => setTimeout(settle, 10));
  }
}
