import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Snapshot } from '../../src/protocol';
import { veilbook } from './cli';

jest.setTimeout(120_000);

let folder: string;
let notes: string;
const state = () => ({ env: { XDG_DATA_HOME: join(folder, 'data') } });
const workspace = (...args: string[]) => veilbook(['workspace', ...args, '--dir', join(folder, 'work')], state());
const json = async <T>(...args: string[]): Promise<T> => {
  const { code, stdout, stderr } = await workspace(...args, '--json');
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'veilbook-workspace-cli-'));
  mkdirSync(join(folder, 'work', 'deep'), { recursive: true });
  notes = join(folder, 'work', 'deep', 'notes.txt');
  writeFileSync(notes, 'first');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('veilbook workspace', () => {
  let taken: Snapshot;

  it('takes a snapshot, and lists it', async () => {
    taken = await json<Snapshot>('snapshot', '--label', 'before training');
    expect(taken).toMatchObject({ label: 'before training', bytes: 5, state: 'ready' });
    expect(Date.parse(taken.created)).not.toBeNaN();
    const { snapshots } = await json<{ snapshots: Snapshot[] }>('list');
    expect(snapshots.map(({ id }) => id)).toEqual([taken.id]);
  });

  it('restores nothing without a yes where nobody can be asked', async () => {
    writeFileSync(notes, 'second');
    const { code, stderr } = await workspace('restore', taken.id);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^veilbook: [^\n]*--yes[^\n]*\n$/);
    expect(readFileSync(notes, 'utf8')).toBe('second');
  });

  it('restores, and takes the restore back', async () => {
    await json('restore', taken.id, '--yes');
    expect(readFileSync(notes, 'utf8')).toBe('first');
    await json('undo', '--yes');
    expect(readFileSync(notes, 'utf8')).toBe('second');
  });

  it('clones into a folder that is not there', async () => {
    const to = join(folder, 'copy');
    await json('clone', to, '--snapshot', taken.id);
    expect(readFileSync(join(to, 'deep', 'notes.txt'), 'utf8')).toBe('first');
    writeFileSync(join(to, 'deep', 'notes.txt'), 'third');
    expect(readFileSync(notes, 'utf8')).toBe('second');
  });

  it.each([
    [['restore', 'no-such-snapshot', '--yes'], 2],
    [['clone', '/proc/nowhere'], 6]
  ])('%j is one line and changes nothing', async (args, exit) => {
    const { code, stdout, stderr } = await workspace(...args);
    expect(stderr).toMatch(/^veilbook: [^\n]+\n$/);
    expect(stdout).toBe('');
    expect(code).toBe(exit);
    expect(readFileSync(notes, 'utf8')).toBe('second');
    expect(existsSync(join(folder, 'copy', 'deep'))).toBe(true);
  });
});
