import { Value } from '@sinclair/typebox/value';
import { readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { ConnectionFile } from '../protocol';

/** Hostname and boot id: a file from another machine, or from before a reboot, describes no process of ours. */
export function hostId(): string {
  let boot = '';
  try {
    boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // Not Linux: the hostname alone has to do, with the space that the form asks for.
  }
  return `${hostname()} ${boot}`;
}

/** The connection file as it stands; null when there is none, it is damaged, or it is another host's. */
export function readConnection(path: string): ConnectionFile | null {
  const found = readAnyConnection(path);
  return found?.host === hostId() ? found : null;
}

function readAnyConnection(path: string): ConnectionFile | null {
  try {
    const document: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Value.Check(ConnectionFile, document) ? document : null;
  } catch {
    return null;
  }
}

/** Write JSON so that a reader sees the old document or the new one, and nobody else sees either. */
export function writePrivateJson(path: string, document: unknown): void {
  const draft = `${path}.${process.pid}.new`;
  try {
    writeFileSync(draft, `${JSON.stringify(document, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, path);
  } catch (error) {
    // On a full disk every try would leave one more.
    rmSync(draft, { force: true });
    throw error;
  }
}

/** True while the file still names this instance. */
export function isOurs(path: string, instance: string): boolean {
  return readAnyConnection(path)?.instance === instance;
}

export function removeConnectionIfOurs(path: string, instance: string): void {
  if (isOurs(path, instance)) {
    unlinkSync(path);
  }
}
