import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { readdirSync, statfsSync, unlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { VeilError } from '../protocol';
import { openPrivateDir } from './state-dir';

/** sun_path holds 108 bytes on Linux and 104 on macOS, the closing zero included; keep a margin. */
export const MAX_SOCKET_BYTES = 100;

/** statfs(2) types of file systems on which a UNIX socket does not work or reaches another host's file. */
const NETWORK_FILE_SYSTEMS = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB2
  0x5346414f, // AFS
  0x00c36400, // Ceph
  0x65735546, // FUSE (sshfs, s3fs, GlusterFS and their kin)
  0x0bd00bd0, // Lustre
  0x47504653, // GPFS
  0x01021997, // 9P
  0x19830326, // BeeGFS
  0xaad7aaea // PanFS
]);

/**
 * Choose the path of this instance's socket: in the state directory, else in a private directory of
 * this machine. Every instance has its own name, so one that still finishes its requests is not in the way.
 * @throws VeilError `sidecar_unavailable` when every candidate is too long.
 */
export function chooseSocket(stateDir: string, instance: string, env: NodeJS.ProcessEnv = process.env): string {
  const name = `${instance.slice(0, 8)}.sock`;
  const beside = join(stateDir, name);
  if (fits(beside) && !onNetwork(stateDir)) {
    return beside;
  }
  const hash = createHash('sha256').update(resolve(stateDir)).digest('hex').slice(0, 12);
  const elsewhere = env.XDG_RUNTIME_DIR
    ? join(env.XDG_RUNTIME_DIR, `veilbook-${hash}`)
    : `/tmp/veilbook-${process.geteuid?.() ?? 0}-${hash}`;
  const path = join(elsewhere, name);
  if (!fits(path)) {
    throw new VeilError(
      'sidecar_unavailable',
      `The socket path ${path} is longer than ${MAX_SOCKET_BYTES} bytes. Nothing was started.`,
      'Set VEILBOOK_STATE_DIR to a short local path.'
    );
  }
  openPrivateDir(elsewhere);
  return path;
}

/** Unlink what killed instances left behind: sockets in this directory on which nobody listens. */
export async function clearStaleSockets(dir: string): Promise<void> {
  const names = readdirSync(dir).filter(name => /^[0-9a-f]{8}\.sock$/.test(name));
  for (const path of names.map(name => join(dir, name))) {
    if (await refuses(path)) {
      removeIfThere(path);
    }
  }
}

export function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error;
    }
  }
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_SOCKET_BYTES;
}

function onNetwork(dir: string): boolean {
  return process.platform === 'linux' && NETWORK_FILE_SYSTEMS.has(statfsSync(dir).type);
}

function refuses(path: string): Promise<boolean> {
  return new Promise(settle => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      settle(false);
    });
    socket.once('error', error => settle((error as NodeJS.ErrnoException).code === 'ECONNREFUSED'));
  });
}
