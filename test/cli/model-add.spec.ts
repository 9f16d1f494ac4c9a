import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DIGITS } from '../models/digits';
import { root, veilbook } from './cli';

jest.setTimeout(120_000);

const faceboxes = join(root, 'models', 'faceboxes');
let folder: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'veilbook-add-'));
  env = { VEILBOOK_MODELS: join(folder, 'models'), XDG_DATA_HOME: join(folder, 'data') };
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('veilbook model add', () => {
  it('makes a model that its name finds, whatever its task', async () => {
    const added = await veilbook(['model', 'add', DIGITS, '--json'], { env });
    expect(added.code).toBe(0);
    const dir = join(folder, 'models', 'digits');
    expect(JSON.parse(added.stdout)).toMatchObject({ schema: 1, name: 'digits', task: 'image-classification', dir });
    const info = await veilbook(['model', 'info', 'digits'], { env });
    expect(info.stdout).toContain('image-classification, 10 classes: zero, one');
    const { models } = JSON.parse((await veilbook(['model', 'list', '--json'], { env })).stdout);
    expect(models).toMatchObject([
      { name: 'digits', task: 'image-classification', artefact: null, dir, bundled: false },
      { name: 'faceboxes', task: 'face-detection', bundled: true }
    ]);
  });

  it('says in one line that a name is taken, and replaces by --force', async () => {
    await veilbook(['model', 'add', DIGITS], { env });
    const again = await veilbook(['model', 'add', faceboxes, '--name', 'digits'], { env });
    expect(again.stderr).toMatch(/^veilbook: There is a model named digits in [^\n]+ --force to replace it\.\n$/);
    expect(again.code).toBe(6);
    const forced = await veilbook(['model', 'add', faceboxes, '--name', 'digits', '--force'], { env });
    expect(forced.stdout).toMatch(/^digits {2}face-detection, in [^\n]+, replaced\. [^\n]+\n$/);
    expect(readdirSync(join(folder, 'models'))).toEqual(['digits']);
  });

  it('adds nothing that does not run as described', async () => {
    const broken = join(folder, 'broken');
    cpSync(DIGITS, broken, { recursive: true });
    rmSync(join(broken, 'model.json'));
    const { code, stderr } = await veilbook(['model', 'add', broken], { env });
    expect(stderr).toMatch(/^veilbook: [^\n]+ has no model\.json, [^\n]+\n$/);
    expect(code).toBe(4);
    expect(readdirSync(folder)).toEqual(['broken']);
  });

  it('says in one line that the models folder cannot be written', async () => {
    const { code, stderr } = await veilbook(['model', 'add', DIGITS], { env: { VEILBOOK_MODELS: '/dev/null/models' } });
    expect(stderr).toMatch(/^veilbook: \/dev\/null\/models cannot be written \(ENOTDIR\)\. Nothing was added\. [^\n]+\n$/);
    expect(code).toBe(6);
  });
});
