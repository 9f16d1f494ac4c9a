import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { veilbook } from './cli';

jest.setTimeout(120_000);

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'veilbook-learn-'));
  mkdirSync(at('photographs'));
  mkdirSync(at('taken'));
  writeFileSync(at('taken/notes.txt'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('veilbook learn refuses in one line, and learns nothing', () => {
  it.each([
    ['without photographs', [], 2, 'required option'],
    ['strengths that are none', ['--images', 'P', '--alphas', '0.2,1.5'], 2, 'between 0 and 1'],
    ['an empty strength', ['--images', 'P', '--alphas', '0.2,'], 2, 'between 0 and 1'],
    ['no look at all', ['--images', 'P', '--looks', '0'], 2, 'whole number from 1'],
    ['half a seed', ['--images', 'P', '--seed', '0.5'], 2, 'whole number from 0'],
    ['an unknown mode', ['--images', 'P', '--mode', 'magic'], 2, 'calibrated, cloak'],
    ['an output folder of somebody else', ['--images', 'P', '--out', 'taken'], 6, 'holds notes.txt'],
    ['an installation into no model', ['--images', 'P', '--install', '--model', 'nothing'], 4, 'There is no model'],
    ['a job that nobody listens to', ['--images', 'P', '--as-job'], 2, 'is for the sidecar']
  ])('%s', async (_, args, exit, words) => {
    const places: Record<string, string> = { P: at('photographs'), taken: at('taken'), nothing: at('nothing') };
    const { code, stdout, stderr } = await veilbook(['learn', ...args.map(arg => places[arg] ?? arg)]);
    expect(stderr).toMatch(/^veilbook: [^\n]+\n$/);
    expect(stderr).toContain(words);
    expect(stdout).toBe('');
    expect(code).toBe(exit);
  });
});
