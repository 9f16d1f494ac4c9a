import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRepository, type ModelFiles } from './write';

let dir: string;
let repository: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'veilbook-repository-'));
  repository = join(dir, 'models');
});
afterEach(() => rmSync(dir, { recursive: true }));

const model = (words: string): ModelFiles =>
  new Map<string, string>([
    ['config.pbtxt', words],
    ['1/model.onnx', `graph of ${words}`]
  ]);
const models = (words: string) => new Map(['base', 'noisy'].map(name => [name, model(words)]));
const read = (name: string) => ['config.pbtxt', '1/model.onnx'].map(file => readFileSync(join(repository, name, file), 'utf8'));

describe('a model repository', () => {
  it('is made whole, and leaves nothing beside it', async () => {
    expect(await writeRepository(repository, models('first'), false)).toEqual({ replaced: [], kept: [] });
    expect(read('noisy')).toEqual(['first', 'graph of first']);
    expect(readdirSync(dir)).toEqual(['models']);
  });

  it('is added to, and keeps what it holds besides', async () => {
    mkdirSync(join(repository, 'strangers'), { recursive: true });
    expect(await writeRepository(repository, models('first'), false)).toEqual({ replaced: [], kept: ['strangers'] });
    expect(readdirSync(repository).sort()).toEqual(['base', 'noisy', 'strangers']);
  });

  it('keeps a model that is there, unless it is to be replaced as a whole', async () => {
    await writeRepository(repository, models('first'), false);
    writeFileSync(join(repository, 'noisy', 'left.over'), '');
    const only = new Map([['noisy', model('second')]]);
    await expect(writeRepository(repository, only, false)).rejects.toMatchObject({
      code: 'output_unwritable',
      message: expect.stringMatching(/noisy is there already/),
      remedy: expect.stringContaining('--force')
    });
    expect(read('noisy')[0]).toBe('first');
    expect(await writeRepository(repository, only, true)).toEqual({ replaced: ['noisy'], kept: ['base'] });
    expect(read('noisy')[0]).toBe('second');
    expect(readdirSync(join(repository, 'noisy')).sort()).toEqual(['1', 'config.pbtxt']);
    expect(readdirSync(dir)).toEqual(['models']);
  });

  it('is as it was when a file of the last model cannot be written', async () => {
    await writeRepository(repository, models('first'), false);
    const broken = new Map([...models('second'), ['x'.repeat(300), model('too long a name')]]);
    await expect(writeRepository(repository, broken, true)).rejects.toMatchObject({ code: 'output_unwritable' });
    expect([...read('base'), ...read('noisy')]).toEqual(['first', 'graph of first', 'first', 'graph of first']);
    expect(readdirSync(dir)).toEqual(['models']);
  });

  it('is as it was when the last model cannot be put into its place', async () => {
    await writeRepository(repository, models('first'), false);
    const more = new Map([...models('second'), [join('not there', 'third'), model('second')]]);
    await expect(writeRepository(repository, more, true)).rejects.toMatchObject({ code: 'output_unwritable' });
    expect([...read('base'), ...read('noisy')]).toEqual(['first', 'graph of first', 'first', 'graph of first']);
    expect([readdirSync(dir), readdirSync(repository).sort()]).toEqual([['models'], ['base', 'noisy']]);
  });

  it('keeps a file that has the name of a model', async () => {
    mkdirSync(repository);
    writeFileSync(join(repository, 'base'), 'mine');
    await expect(writeRepository(repository, models('first'), false)).rejects.toThrow(/base is there already/);
    expect(readFileSync(join(repository, 'base'), 'utf8')).toBe('mine');
  });

  const mounted = existsSync('/dev/shm') && statSync('/dev/shm').dev !== statSync('/dev').dev ? '/dev/shm' : null;
  (mounted ? it : it.skip)('is refused at the root of a mounted file system, which has no beside', async () => {
    await expect(writeRepository(mounted!, models('first'), true)).rejects.toMatchObject({
      code: 'output_unwritable',
      remedy: 'Name a folder inside it by --out.'
    });
    expect(existsSync('/dev/shm/base')).toBe(false);
  });

  it('is refused where a file stands', async () => {
    writeFileSync(repository, 'mine');
    await expect(writeRepository(repository, models('first'), true)).rejects.toMatchObject({ code: 'output_unwritable' });
    expect(readFileSync(repository, 'utf8')).toBe('mine');
  });
});
