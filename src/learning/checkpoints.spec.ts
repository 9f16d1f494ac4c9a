import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountNew } from '../../test/workspaces/file-systems';
import { VeilError } from '../protocol';
import { Checkpoints } from './checkpoints';

const MIB = 2 ** 20;
const stage = (value: number) => async () => ({ values: new Float32Array(4096).fill(value) });
const never = () => Promise.reject(new Error('this stage was kept'));
const FULL = /^The disk is full: [^\n]+ \(ENOSPC\)\. What was finished before is kept\. Free some space and run the same command/;

describe('stages on a disk that fills up', () => {
  const mounted = mountNew('tmpfs', 2);
  const test = mounted ? it : it.skip;
  const ballast = () => join(mounted!.dir, 'ballast');
  const fill = () => writeFile(ballast(), Buffer.alloc(2 * MIB, 1)).catch(() => undefined);
  afterEach(() => mounted && rm(ballast(), { force: true }));
  afterAll(() => mounted?.unmount());

  test('leave no half of a question, which would be taken for another one', async () => {
    const out = join(mounted!.dir, 'asked');
    await mkdir(join(out, '.learning'), { recursive: true });
    await fill();
    await expect(Checkpoints.open(out, 'why')).rejects.toMatchObject({
      code: 'output_unwritable',
      line: expect.stringMatching(FULL)
    });
    expect(await readdir(join(out, '.learning'))).toEqual([]);
    await rm(ballast());
    await Checkpoints.open(out, 'why');
    await expect(Checkpoints.open(out, 'why not')).rejects.toMatchObject({ code: 'bad_request' });
    await rm(out, { recursive: true });
  });

  test('are kept as far as they came, and go on when there is room', async () => {
    const out = join(mounted!.dir, 'out');
    const checkpoints = await Checkpoints.open(out, 'why');
    await checkpoints.keep('one', stage(1));
    await fill();
    await expect(checkpoints.keep('two', stage(2))).rejects.toMatchObject({ line: expect.stringMatching(FULL) });
    expect((await readdir(join(out, '.learning'))).sort()).toEqual(['one.bin', 'question.json']);
    await rm(ballast());
    const again = await Checkpoints.open(out, 'why');
    expect((await again.keep('one', never)) as unknown).toEqual(await stage(1)());
    expect(await again.keep('two', stage(2))).toEqual(await stage(2)());
    await rm(out, { recursive: true });
  });
});

describe('the stages of a pass', () => {
  let out: string;
  beforeEach(async () => (out = await mkdtemp(join(tmpdir(), 'veilbook-stages-'))));
  afterEach(() => rm(out, { recursive: true }));

  it('are done again where a file is not whole', async () => {
    const checkpoints = await Checkpoints.open(out, 'why');
    await checkpoints.keep('one', stage(1));
    await writeFile(join(out, '.learning', 'one.bin'), Buffer.alloc(100));
    expect(await checkpoints.keep('one', stage(3))).toEqual(await stage(3)());
  });

  it('outlive an artefact that cannot be written, and no other', async () => {
    const checkpoints = await Checkpoints.open(out, 'why');
    await checkpoints.keep('one', stage(1));
    const full = new VeilError('output_unwritable', 'The artefact cannot be written (ENOSPC).', 'Choose another folder.');
    await expect(checkpoints.finish(() => Promise.reject(full))).rejects.toMatchObject({
      code: 'output_unwritable',
      line: 'The artefact cannot be written (ENOSPC). All stages are kept: make room, and run the same command again.'
    });
    expect(await checkpoints.keep('one', never)).toEqual(await stage(1)());
    expect(await checkpoints.finish(async () => 'written')).toBe('written');
    expect(await readdir(out)).toEqual([]);
  });

  it('name a folder that is not to be written', async () => {
    await writeFile(join(out, 'file'), '');
    await expect(Checkpoints.open(join(out, 'file'), 'why')).rejects.toMatchObject({
      code: 'output_unwritable',
      line: expect.stringMatching(/file\/\.learning cannot be written \(ENOTDIR\)\. What was finished before is kept\. [^\n]+$/)
    });
  });
});
