import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { FrameMemory, readSharedFrame } from './frame-memory';

const PYTHON = join(__dirname, '..', '..', '.venv', 'bin', 'python');

/** Another process with two memfds of six bytes: one named as frames are, one not. */
async function client(): Promise<{ process: ChildProcess; frame: string; other: string }> {
  const code = `
import os, sys
for name in ("veilbook-frame", "other"):
    descriptor = os.memfd_create(name)
    os.write(descriptor, b"abcdef")
    print(f"/proc/{os.getpid()}/fd/{descriptor}", flush=True)
sys.stdin.read()`;
  const process = spawn(PYTHON, ['-c', code], { stdio: ['pipe', 'pipe', 'inherit'] });
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

  it('is copied', () => {
    const into = new FrameMemory().acquire(6);
    readSharedFrame(theirs.frame, into);
    expect(Buffer.from(into).toString()).toBe('abcdef');
  });

  it('is refused when it is too short', () => {
    expect(() => readSharedFrame(theirs.frame, new Uint8Array(7))).toThrow(/shorter than 7 bytes/);
  });

  it.each([
    ['another memfd', () => theirs.other],
    ['standard input', () => '/proc/self/fd/0'],
    ['a pipe', () => `/proc/${theirs.process.pid}/fd/0`],
    ['a plain file', () => '/etc/passwd'],
    ['a path that climbs', () => `${theirs.frame}/../../../../etc/passwd`],
    ['nothing', () => '/proc/1/fd/99999']
  ])('is refused for %s', (_, path) => {
    expect(() => readSharedFrame(path(), new Uint8Array(1))).toThrow(expect.objectContaining({ code: 'not_found' }));
  });
});

describe('frame memory', () => {
  it('is used again for a frame of about the same size, never for two at once', () => {
    const memory = new FrameMemory();
    const first = memory.acquire(6_000_000);
    expect(memory.acquire(6_000_000).buffer).not.toBe(first.buffer);
    memory.release(first);
    memory.release(first);
    expect(memory.acquire(5_900_000).buffer).toBe(first.buffer);
    expect(memory.acquire(5_900_000).buffer).not.toBe(first.buffer);
    memory.release(first);
    expect(memory.acquire(10).buffer).not.toBe(first.buffer);
  });
});
