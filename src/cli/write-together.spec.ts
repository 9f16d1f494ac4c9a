import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTogether } from './write-together';

describe('files that belong together', () => {
  let dir: string;
  const files = (text: string) => new Map(['head.onnx', 'tail.onnx'].map(name => [name, Buffer.from(text)]));

  beforeEach(async () => {
    dir = join(await mkdtemp(join(tmpdir(), 'veilbook-')), 'model');
  });
  afterEach(() => rm(join(dir, '..'), { recursive: true }));

  it('are written into a folder that need not be there, and nothing else is', async () => {
    expect(await writeTogether(dir, files('one'), false)).toEqual([join(dir, 'head.onnx'), join(dir, 'tail.onnx')]);
    expect(await readdir(dir)).toEqual(['head.onnx', 'tail.onnx']);
  });

  it('replace what is there only when told to', async () => {
    await writeTogether(dir, files('one'), false);
    await rm(join(dir, 'head.onnx'));
    await expect(writeTogether(dir, files('two'), false)).rejects.toThrow('tail.onnx is there already. Nothing was written.');
    expect(await readdir(dir)).toEqual(['tail.onnx']);
    await writeTogether(dir, files('two'), true);
    expect(await readFile(join(dir, 'tail.onnx'), 'utf8')).toBe('two');
  });

  it('say so when the folder cannot be written', async () => {
    await expect(writeTogether('/proc/nowhere/model', files('one'), false)).rejects.toMatchObject({ code: 'output_unwritable' });
  });
});
