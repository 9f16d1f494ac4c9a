import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { openLocalWorkspace } from '../../src/workspaces';
import { setStepHook } from '../../src/workspaces/step';
import { mountNew } from './file-systems';
import { newPlace, portrait, removePlaces, type Place } from './trees';

afterEach(() => setStepHook(() => undefined));
afterAll(removePlaces);

const write = (place: Place, files: Record<string, string | Buffer>) =>
  Object.entries(files).forEach(([name, content]) => fs.writeFileSync(join(place.dir, name), content));
const stored = (path: string) => fs.statSync(path).blocks * 512;

describe('a symbolic link that points outside', () => {
  it('is neither followed nor written through, also where the snapshot has a real folder', async () => {
    const place = newPlace();
    const outside = join(place.top, 'outside');
    fs.mkdirSync(outside);
    fs.writeFileSync(join(outside, 'file.txt'), 'not ours');
    fs.mkdirSync(join(place.dir, 'folder'));
    write(place, { 'folder/file.txt': 'ours', 'other.txt': 'ours' });
    fs.symlinkSync(outside, join(place.dir, 'link'));
    const workspace = await place.open();
    const { id, files } = await workspace.takeSnapshot({}).result;
    expect(files).toBe(3);
    const [before, untouched] = [portrait(place.dir), portrait(outside)];

    fs.rmSync(join(place.dir, 'folder'), { recursive: true });
    fs.symlinkSync(outside, join(place.dir, 'folder'));
    fs.rmSync(join(place.dir, 'other.txt'));
    fs.symlinkSync(join(outside, 'file.txt'), join(place.dir, 'other.txt'));
    await workspace.restoreFiles(id, ['folder/file.txt', 'other.txt']).result;
    expect(portrait(outside)).toEqual(untouched);
    expect(fs.readFileSync(join(place.dir, 'folder/file.txt'), 'utf8')).toBe('ours');
    await workspace.undoRestore().result;
    expect(fs.readlinkSync(join(place.dir, 'folder'))).toBe(outside);
    await workspace.restore(id).result;
    expect(portrait(place.dir)).toEqual(before);
    expect(portrait(outside)).toEqual(untouched);
  });

  it('that takes a folder’s place in the middle of a restore is not written through', async () => {
    const place = newPlace();
    const outside = join(place.top, 'outside');
    fs.mkdirSync(outside);
    fs.mkdirSync(join(place.dir, 'folder'));
    write(place, { 'folder/file.txt': 'as it was' });
    const workspace = await place.open();
    const { id } = await workspace.takeSnapshot({}).result;
    write(place, { 'folder/file.txt': 'changed' });
    setStepHook(name => {
      if (name === 'give reserve') {
        fs.renameSync(join(place.dir, 'folder'), join(place.dir, 'moved'));
        fs.symlinkSync(outside, join(place.dir, 'folder'));
      }
    });
    const report = await workspace.restore(id).result;
    expect(fs.readdirSync(outside)).toEqual([]);
    expect(report.left_out).toContainEqual({ path: 'folder/file.txt', reason: 'blocked' });
  });
});

describe('what changes meanwhile', () => {
  it('is copied again while a snapshot is taken', async () => {
    const place = newPlace();
    write(place, { 'log.txt': 'one' });
    const workspace = await place.open();
    let times = 0;
    setStepHook(name => name === 'copy log.txt' && times++ < 1 && fs.appendFileSync(join(place.dir, 'log.txt'), ', two'));
    const snapshot = await workspace.takeSnapshot({}).result;
    expect(fs.readFileSync(join(snapshot.tree!, 'log.txt'), 'utf8')).toBe('one, two');
    expect(snapshot.left_out).toEqual([]);
  });

  it('is in the safety snapshot when it was written after that was taken', async () => {
    const place = newPlace();
    write(place, { 'a.txt': 'as it was', 'b.txt': 'as it was' });
    const workspace = await place.open();
    const { id } = await workspace.takeSnapshot({}).result;
    write(place, { 'a.txt': 'changed', 'b.txt': 'changed', 'new.txt': 'made since' });
    setStepHook(name => {
      if (name === 'give reserve') {
        write(place, { 'a.txt': 'saved at the last moment', 'new.txt': 'written at the last moment' });
      }
    });
    const { safety, left_out } = await workspace.restore(id).result;
    expect(fs.readFileSync(join(place.dir, 'a.txt'), 'utf8')).toBe('as it was');
    expect(fs.readFileSync(join(place.dir, 'new.txt'), 'utf8')).toBe('written at the last moment');
    expect(left_out).toEqual([{ path: 'new.txt', reason: 'changed_since' }]);
    const tree = (await workspace.listSnapshots()).find(one => one.id === safety)!.tree!;
    expect(fs.readFileSync(join(tree, 'a.txt'), 'utf8')).toBe('saved at the last moment');
    await workspace.undoRestore().result;
    expect(fs.readFileSync(join(place.dir, 'a.txt'), 'utf8')).toBe('saved at the last moment');
  });
});

describe('a full disk', () => {
  const mounted = mountNew('tmpfs', 40);
  const test = mounted ? it : it.skip;
  afterAll(() => {
    removePlaces();
    mounted?.unmount();
  });

  test('leaves the workspace as it was, and no half of a snapshot', async () => {
    const place = newPlace(mounted!.dir);
    write(place, { 'small.txt': 'small', 'large.bin': Buffer.alloc(7 << 20, 1) });
    const workspace = await place.open();
    const { id } = await workspace.takeSnapshot({}).result;
    write(place, { 'large.bin': Buffer.alloc(6 << 20, 2), 'small.txt': 'changed' });
    const before = portrait(place.dir);
    const ballast = join(mounted!.dir, 'ballast');

    // Said before anything is begun.
    fs.writeFileSync(ballast, Buffer.alloc(24 << 20, 1));
    const full = { code: 'output_unwritable', message: expect.stringContaining('free in') };
    await expect(workspace.takeSnapshot({}).result).rejects.toMatchObject(full);
    await expect(workspace.restore(id).result).rejects.toMatchObject(full);
    fs.rmSync(ballast);

    // Filled by somebody else in the middle.
    for (const at of ['copy large.bin', 'stage large.bin']) {
      setStepHook(name => {
        if (name === at) {
          try {
            fs.writeFileSync(ballast, Buffer.alloc(40 << 20, 1));
          } catch {
            // As much as there was.
          }
        }
      });
      const operation = at.startsWith('copy') ? workspace.takeSnapshot({}) : workspace.restore(id);
      await expect(operation.result).rejects.toMatchObject({
        code: 'output_unwritable',
        message: expect.stringContaining('disk is full')
      });
      expect(operation.record.state).toBe('failed');
      setStepHook(() => undefined);
      fs.rmSync(ballast);
      expect(portrait(place.dir)).toEqual(before);
      expect((await workspace.listSnapshots()).map(one => one.id)).toEqual([id]);
    }
    await workspace.restore(id).result;
    expect(fs.readFileSync(join(place.dir, 'small.txt'), 'utf8')).toBe('small');
  });
});

describe('two at once', () => {
  it('wait for each other, and nothing is lost', async () => {
    const place = newPlace();
    write(place, { 'a.txt': 'first' });
    const [one, other] = [await place.open(60), await place.open(60)];
    const { id } = await one.takeSnapshot({}).result;
    write(place, { 'a.txt': 'second' });
    const [second, report, third] = await Promise.all([
      one.takeSnapshot({ label: 'second' }).result,
      other.restore(id).result,
      one.takeSnapshot({ label: 'third' }).result
    ]);
    expect(fs.readFileSync(join(place.dir, 'a.txt'), 'utf8')).toBe('first');
    expect(new Set([id, second.id, report.safety, third.id]).size).toBe(4);
    const texts = (await one.listSnapshots()).map(({ tree }) => fs.readFileSync(join(tree!, 'a.txt'), 'utf8'));
    expect(texts).toContain('second');
    expect((await one.listOperations()).every(({ state }) => state === 'done')).toBe(true);
  });

  it('or the second is told who is at work', async () => {
    const place = newPlace();
    write(place, { 'a.txt': 'first' });
    const workspace = await place.open(0);
    const first = workspace.takeSnapshot({});
    let second: Promise<unknown> | null = null;
    setStepHook(name => name === 'copy a.txt' && (second ??= workspace.takeSnapshot({}).result.catch(error => error)));
    await first.result;
    // The first may be over before the second asks: then there is nothing to tell.
    expect(await second).toEqual(
      expect.objectContaining({ code: 'busy', message: expect.stringContaining('snapshot of process') })
    );
  });

  it('a snapshot that is cancelled leaves nothing', async () => {
    const place = newPlace();
    write(place, { 'a.txt': 'first' });
    const workspace = await place.open();
    const operation = workspace.takeSnapshot({});
    setStepHook(name => name === 'copy a.txt' && operation.cancel());
    await expect(operation.result).rejects.toMatchObject({ code: 'cancelled' });
    expect(operation.record.state).toBe('cancelled');
    expect(await workspace.listSnapshots()).toEqual([]);
  });
});

describe('what a snapshot holds', () => {
  it('shares unchanged files with the last one, and no file with the workspace', async () => {
    const place = newPlace();
    write(place, { 'same.txt': 'same', 'changed.txt': 'one' });
    const workspace = await place.open();
    const first = await workspace.takeSnapshot({}).result;
    write(place, { 'changed.txt': 'two' });
    const second = await workspace.takeSnapshot({}).result;
    const inode = (dir: string, name: string) => fs.statSync(join(dir, name)).ino;
    if (second.method === 'hardlink') {
      expect(inode(first.tree!, 'same.txt')).toBe(inode(second.tree!, 'same.txt'));
      expect(second.copied_bytes).toBe(3);
    }
    expect(inode(first.tree!, 'changed.txt')).not.toBe(inode(second.tree!, 'changed.txt'));
    expect(inode(place.dir, 'same.txt')).not.toBe(inode(second.tree!, 'same.txt'));
    expect(fs.statSync(join(second.tree!, 'same.txt')).mode & 0o222).toBe(0);
    expect(fs.statSync(second.tree!).mode & 0o222).toBe(0);
  });

  it('keeps holes', async () => {
    const place = newPlace();
    const file = fs.openSync(join(place.dir, 'sparse.bin'), 'w');
    fs.writeSync(file, 'start', 0);
    fs.writeSync(file, 'end', 64 << 20);
    fs.closeSync(file);
    const workspace = await place.open();
    const { tree, id } = await workspace.takeSnapshot({}).result;
    expect(stored(join(tree!, 'sparse.bin'))).toBeLessThan(1 << 20);
    fs.rmSync(join(place.dir, 'sparse.bin'));
    await workspace.restore(id).result;
    expect(stored(join(place.dir, 'sparse.bin'))).toBeLessThan(1 << 20);
    expect(fs.statSync(join(place.dir, 'sparse.bin')).size).toBe((64 << 20) + 3);
  });

  it('names what it leaves out: sockets, pipes, its own place; a restore leaves them alone', async () => {
    const place = newPlace();
    write(place, { 'a.txt': 'a' });
    execFileSync('mkfifo', [join(place.dir, 'pipe')]);
    const server = createServer().listen(join(place.dir, 'socket'));
    await new Promise(ready => server.once('listening', ready));
    const inside = { dir: place.dir, root: join(place.dir, '.local', 'snapshots') };
    const workspace = await openLocalWorkspace(inside);
    const snapshot = await workspace.takeSnapshot({}).result;
    expect(snapshot.left_out).toEqual([
      { path: 'pipe', reason: 'fifo' },
      { path: 'socket', reason: 'socket' }
    ]);
    expect(fs.existsSync(join(snapshot.tree!, '.local', 'snapshots'))).toBe(false);
    write(place, { 'a.txt': 'b' });
    await workspace.restore(snapshot.id).result;
    expect(fs.readdirSync(place.dir).sort()).toEqual(['.local', 'a.txt', 'pipe', 'socket']);
    expect((await workspace.listSnapshots()).length).toBe(2);
    server.close();
  });

  it('that somebody changed is not restored from', async () => {
    const place = newPlace();
    write(place, { 'a.txt': 'a', 'b.txt': 'b' });
    const workspace = await place.open();
    const { id, tree } = await workspace.takeSnapshot({}).result;
    fs.chmodSync(join(tree!, 'a.txt'), 0o600);
    fs.writeFileSync(join(tree!, 'a.txt'), 'by accident');
    write(place, { 'a.txt': 'c', 'b.txt': 'd' });
    const before = portrait(place.dir);
    await expect(workspace.restore(id).result).rejects.toMatchObject({ code: 'snapshot_damaged' });
    expect(portrait(place.dir)).toEqual(before);
  });
});

describe('without the right', () => {
  const root = process.getuid?.() === 0;
  const test = root ? it : it.skip;

  test('to read or write something, it is named, left as it is, and the rest is done', () => {
    const place = newPlace();
    const script = join(place.top, 'act.mjs');
    const repository = join(__dirname, '../..');
    const flags = ['--bundle', '--platform=node', '--format=esm', `--outfile=${script}`, '--log-level=error'];
    execFileSync(join(repository, 'node_modules', '.bin', 'esbuild'), [join(__dirname, 'strangers.ts'), ...flags]);
    write(place, { 'mine.txt': 'mine', 'theirs.txt': 'theirs' });
    fs.mkdirSync(join(place.dir, 'theirs'));
    write(place, { 'theirs/secret.txt': 'secret' });
    execFileSync('chown', ['-R', '65534:65534', place.top]);
    for (const name of ['theirs.txt', 'theirs', 'theirs/secret.txt']) {
      fs.chownSync(join(place.dir, name), 0, 0);
      fs.chmodSync(join(place.dir, name), 0o700);
    }
    const { stdout, stderr } = spawnSync(process.execPath, [script, place.top], { uid: 65534, gid: 65534, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      left_out: [
        { path: 'theirs', reason: 'unreadable' },
        { path: 'theirs.txt', reason: 'unreadable' }
      ],
      mine: 'mine',
      there: ['mine.txt', 'theirs', 'theirs.txt']
    });
    expect(fs.readFileSync(join(place.dir, 'theirs/secret.txt'), 'utf8')).toBe('secret');
  });
});
