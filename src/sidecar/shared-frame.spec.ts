import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { openSharedFrame } from './shared-frame';

const PYTHON = join(__dirname, '..', '..', '.venv', 'bin', 'python');

/** Another process with two memfds of six bytes: one named as frames are, one not. */
async function client(...user: string[]): Promise<{ process: ChildProcess; frame: string; other: string }> {
  const code = `
import os, sys
if sys.argv[1:]:
    os.setuid(int(sys.argv[1]))
for name in ("veilbook-frame", "other"):
    descriptor = os.memfd_create(name)
    os.write(descriptor, b"abcdef")
    print(f"/proc/{os.getpid()}/fd/{descriptor}", flush=True)
sys.stdin.read()`;
  const process = spawn(PYTHON, ['-c', code, ...user], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  for await (const chunk of process.stdout!) {
    text += String(chunk);
    if (text.split('\n').length > 2) {
      break;
    }
  }
  const [frame, other] = text.split('\n');
  return { process, frame, other };
}

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('a frame in the shared memory of another process', () => {
  let theirs: Awaited<ReturnType<typeof client>>;
  beforeAll(async () => (theirs = await client()));
  afterAll(() => theirs.process.stdin!.end());

  it('is read where it lies, also when that process is gone', async () => {
    const other = await client();
    const { file, size } = await openSharedFrame(other.frame);
    expect(size).toBe(6);
    other.process.kill('SIGKILL');
    await once(other.process, 'exit');
    const into = Buffer.alloc(4);
    expect(readSync(file.fd, into, 0, 4, 1)).toBe(4);
    expect(into.toString()).toBe('bcde');
    await file.close();
  });

  it('is not left open when it is refused', async () => {
    const before = readdirSync('/proc/self/fd').length;
    await expect(openSharedFrame(theirs.other)).rejects.toThrow(/another kind of file/);
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  // Only root can look into another user's process at all.
  (process.geteuid?.() === 0 ? it : it.skip)('is refused when it belongs to another user', async () => {
    const nobody = await client('65534');
    await expect(openSharedFrame(nobody.frame)).rejects.toThrow(/belongs to another user/);
    nobody.process.stdin!.end();
  });

  it.each([
    ['another memfd', () => theirs.other],
    ['standard input', () => '/proc/self/fd/0'],
    ['a pipe', () => `/proc/${theirs.process.pid}/fd/0`],
    ['a plain file', () => '/etc/passwd'],
    ['a path that climbs', () => `${theirs.frame}/../../../../etc/passwd`],
    ['nothing', () => '/proc/1/fd/99999']
  ])('is refused for %s', async (_, path) => {
    await expect(openSharedFrame(path())).rejects.toMatchObject({ code: 'not_found' });
  });
});
