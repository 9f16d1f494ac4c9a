import { existsSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { newStateDir, removeStateDirs } from '../../test/sidecar/harness';
import { chooseSocket, clearStaleSockets, MAX_SOCKET_BYTES } from './socket-path';

const INSTANCE = '12345678-aaaa-bbbb-cccc-123456789012';

afterAll(removeStateDirs);

describe('the socket', () => {
  it('lies in the state directory where that fits', () => {
    const dir = newStateDir();
    expect(chooseSocket(dir, INSTANCE, {})).toBe(join(dir, '12345678.sock'));
  });

  it('moves to a private directory of this machine when the path is too long', () => {
    const runtime = newStateDir();
    const path = chooseSocket(join(newStateDir(), 'x'.repeat(MAX_SOCKET_BYTES)), INSTANCE, { XDG_RUNTIME_DIR: runtime });
    expect(path.startsWith(join(runtime, 'veilbook-'))).toBe(true);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  });

  it('moves to /tmp where there is no runtime directory', () => {
    const path = chooseSocket(join(newStateDir(), 'x'.repeat(MAX_SOCKET_BYTES)), INSTANCE, {});
    expect(path).toMatch(/^\/tmp\/veilbook-\d+-[0-9a-f]{12}\/12345678\.sock$/);
    rmSync(dirname(path), { recursive: true });
  });

  it('is refused in one line when every path is too long', () => {
    const long = '/' + 'y'.repeat(MAX_SOCKET_BYTES);
    expect(() => chooseSocket(long, INSTANCE, { XDG_RUNTIME_DIR: long })).toThrow(
      expect.objectContaining({ code: 'sidecar_unavailable', message: expect.stringContaining('longer than 100 bytes') })
    );
  });

  it('of a killed process is cleared, of a living one is not', async () => {
    const dir = newStateDir();
    const [dead, alive] = [join(dir, '00000001.sock'), join(dir, '00000002.sock')];
    spawnSync(process.execPath, [
      '-e',
      `require('net').createServer().listen('${dead}', () => process.kill(process.pid, 'SIGKILL'))`
    ]);
    const server = createServer();
    await new Promise<void>(settle => server.listen(alive, settle));
    expect(existsSync(dead)).toBe(true);
    await clearStaleSockets(dir);
    expect([existsSync(dead), existsSync(alive)]).toEqual([false, true]);
    server.close();
  });
});
