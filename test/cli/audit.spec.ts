import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { AuditReport } from '../../src/protocol';
import { writeDigits } from '../models/digits';
import { digitsWithArtefact, type DigitsWithArtefact } from '../support/digits-artefact';
import { root, veilbook } from './cli';

// Whole audits, of a small classifier.
jest.setTimeout(240_000);

let folder: string;
let images: string;
let model: DigitsWithArtefact;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'veilbook-audit-'));
  images = at('photographs');
  mkdirSync(images);
  await writeDigits(images, 120);
  model = await digitsWithArtefact(1, [0.3, 0.9]);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(dirname(model.dir), { recursive: true });
});

const audit = (args: string[], interruptWhenTold?: RegExp) =>
  veilbook(['audit', '--images', images, '--model', model.dir, '--out', at('out'), ...args], { interruptWhenTold });

/** An attack that answers grey, or whatever `answer` is. */
function moduleOf(name: string, answer = 'new Float32Array(images[0].target.length).fill(0.5)'): string {
  const path = at(name);
  const reconstruct = `reconstruct: async () => ${answer}`;
  const learn = `async learn({ images }) { return { ${reconstruct}, training: null, close: async () => {} }; }`;
  writeFileSync(path, `export default { name: 'mine', title: 'my own', inputs: ['raw'], ${learn} };\n`);
  return path;
}

describe('veilbook audit --attack FILE', () => {
  it('runs a module in JavaScript and one in TypeScript', async () => {
    const typed = at('nearest.mts');
    copyFileSync(join(root, 'examples/attacks/nearest.ts'), typed);
    const { code, stdout, stderr } = await audit(['--alphas', '0.9', '--json', '--attack', moduleOf('mine.mjs'), typed]);
    expect(stderr.split('\n').filter(line => line !== '' && !/^veilbook: +\d+% /.test(line))).toEqual([]);
    expect(code).toBe(0);
    const { alphas } = JSON.parse(stdout) as AuditReport;
    const found = new Map(alphas[0].attacks.map(({ name, r2 }) => [name, r2]));
    expect([...found.keys()]).toEqual(['A0', 'A1', 'mine', 'nearest']);
    expect(found.get('mine')).toBeLessThan(found.get('A1')!);
  });

  it.each([
    ['an answer that is no picture', () => moduleOf('short.mjs', 'new Float32Array(3)'), 'gave no estimate of'],
    ['values that are no numbers', () => moduleOf('nan.mjs', '[NaN]'), 'gave no estimate of'],
    ['a failure', () => moduleOf('fails.mjs', "Promise.reject(new Error('two\\nlines'))"), 'two lines'],
    ['another thing than an attack', () => moduleOf('part.mjs').replace('part', 'nothing'), 'cannot be read'],
    ['TypeScript that is more than types', () => enumeration(), 'enum is not supported']
  ])('names %s of it in one line', async (_, write, words) => {
    const { code, stdout, stderr } = await audit(['--alphas', '0.9', '--attack', write()]);
    expect(stderr.trim().split('\n').at(-1)).toMatch(/^veilbook: Attack [^\n]+\. (Correct it|Name a file)\.$/);
    expect(stderr).toContain(words);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

function enumeration(): string {
  writeFileSync(at('enum.ts'), 'enum Colour { Red }\nexport default Colour;\n');
  return at('enum.ts');
}

it('Ctrl-C stops an audit in one line; what was finished is kept, and the same command goes on', async () => {
  const asked = ['--attack', 'A1', 'A4', '--out', at('stopped')];
  const stopped = await audit(asked, /attack A1, ALPHA 0\.9/);
  expect(stopped.code).toBe(130);
  expect(stopped.stdout).toBe('');
  const lines = stopped.stderr.trim().split('\n');
  expect(lines.at(-1)).toMatch(/^veilbook: Stopped at \d+%; what was finished so far is in [^\n]+\. The same command goes on/);
  expect(lines.slice(0, -1).every(line => /^veilbook: +\d+% /.test(line))).toBe(true);
  const kept = readdirSync(join(at('stopped'), '.audit'));
  expect(kept.length).toBeGreaterThan(3);
  expect(kept.every(name => name.endsWith('.bin'))).toBe(true);
  const times = () => kept.map(name => statSync(join(at('stopped'), '.audit', name)).mtimeMs);
  const before = times();

  const resumed = await audit([...asked, '--json']);
  expect(resumed.code).toBe(0);
  expect(times()).toEqual(before);
  expect((JSON.parse(resumed.stdout) as AuditReport).alphas.map(({ alpha }) => alpha)).toEqual([0.3, 0.9]);
});
