import type * as Files from 'node:fs/promises';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DIGITS } from '../../test/models/digits';
import { modelWithArtefact } from '../../test/support/artefact';
import { VeilError } from '../protocol';
import { loadModel, summarise } from './folder';
import { findModel, listModels, modelsFolder } from './registry';
import { addModel, slotFor } from './registry-add';

// A copy: the properties of Node's own module cannot be replaced.
jest.mock('node:fs/promises', () => ({ ...jest.requireActual<typeof Files>('node:fs/promises') }));
const files = jest.requireMock<typeof Files>('node:fs/promises');

const bundled = resolve(__dirname, '..', '..', 'models', 'faceboxes');
const environment = { ...process.env };
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'veilbook-registry-'));
  process.env.VEILBOOK_MODELS = join(root, 'own');
  process.env.XDG_DATA_HOME = join(root, 'data');
});
afterEach(() => {
  jest.restoreAllMocks();
  process.env = { ...environment };
  rmSync(root, { recursive: true });
});

const own = (...path: string[]) => join(root, 'own', ...path);
const data = (...path: string[]) => join(root, 'data', 'veilbook', 'models', ...path);

async function add(source: string, { name, force = false }: { name?: string; force?: boolean } = {}) {
  const model = await loadModel(source);
  const slot = await slotFor(name ?? model.manifest.name, force);
  mkdirSync(slot.folder, { recursive: true });
  return addModel(model, slot);
}

async function failure(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => {
      throw new Error('It did not fail.');
    },
    thrown => thrown
  );
}

describe('a model is found by its name', () => {
  it('in the named folder, then in the data directory, then among the bundled', async () => {
    expect(await findModel('faceboxes')).toEqual({ name: 'faceboxes', dir: bundled, bundled: true });
    cpSync(bundled, data('faceboxes'), { recursive: true });
    expect(await findModel('faceboxes')).toEqual({ name: 'faceboxes', dir: data('faceboxes'), bundled: false });
    cpSync(bundled, own('faceboxes'), { recursive: true });
    expect((await loadModel()).dir).toBe(own('faceboxes'));
    expect((await listModels()).map(({ dir }) => dir)).toEqual([own('faceboxes')]);
  });

  it('which is looked for nowhere else', async () => {
    cpSync(DIGITS, own('digits'), { recursive: true });
    for (const name of ['nobody', '', '.', '..', '../own/digits', 'own', own('digits')]) {
      expect(await findModel(name)).toBeNull();
    }
  });

  it('and is added to the named folder, or else to the data directory, which must be absolute', () => {
    expect(modelsFolder()).toBe(own());
    process.env.VEILBOOK_MODELS = '';
    expect(modelsFolder()).toBe(data());
    process.env.XDG_DATA_HOME = 'relative';
    expect(modelsFolder()).toMatch(/^\/.*\/\.local\/share\/veilbook\/models$/);
  });

  it('with what is no model folder left out of the list', async () => {
    mkdirSync(own('.half-done'), { recursive: true });
    writeFileSync(own('notes'), '');
    await add(DIGITS);
    expect((await listModels()).map(({ name }) => name)).toEqual(['digits', 'faceboxes']);
  });
});

describe('adding a model', () => {
  it('copies its files as they are', async () => {
    const added = await add(DIGITS);
    expect(added).toMatchObject({ dir: own('digits'), bundled: false });
    expect(readdirSync(own('digits'))).toEqual(readdirSync(DIGITS));
    expect(readFileSync(own('digits', 'model.json'))).toEqual(readFileSync(join(DIGITS, 'model.json')));
    expect((await loadModel('digits')).manifest).toEqual((await loadModel(DIGITS)).manifest);
  });

  it('under another name writes that name into its description, and keeps its artefact', async () => {
    const added = await add(bundled, { name: 'other' });
    const { manifest } = added;
    expect(manifest).toEqual({ ...(await loadModel(bundled)).manifest, name: 'other' });
    expect(manifest.obfuscation).toBeDefined();
    expect(summarise(added).artefact).toEqual(summarise(await loadModel(bundled)).artefact);
  });

  it('takes every file of a learned obfuscation along', async () => {
    const learned = await modelWithArtefact(undefined, DIGITS);
    const { obfuscation } = await add(learned);
    expect(obfuscation?.sha256).toBe((await loadModel(learned)).obfuscation?.sha256);
    expect(readdirSync(own('digits'))).toEqual(readdirSync(learned));
    rmSync(dirname(learned), { recursive: true });
  });

  it('writes a description for a FaceBoxes-shaped folder without one, artefact included', async () => {
    const bare = join(root, 'Bare');
    cpSync(bundled, bare, { recursive: true });
    rmSync(join(bare, 'model.json'));
    const added = await add(bare);
    const { manifest } = added;
    expect(added.dir).toBe(own('bare'));
    expect(JSON.parse(readFileSync(own('bare', 'model.json'), 'utf8'))).toEqual(manifest);
    expect(manifest.obfuscation).toEqual((await loadModel(bundled)).manifest.obfuscation);
    expect(summarise(added).artefact).not.toBeNull();
  });

  it('takes no name that is taken, unless it is to replace it', async () => {
    await add(DIGITS);
    expect(await failure(slotFor('digits', false))).toMatchObject({
      code: 'output_unwritable',
      message: expect.stringContaining('named digits')
    });
    expect(await failure(slotFor('faceboxes', false))).toMatchObject({ message: expect.stringContaining('comes with Veilbook') });
    writeFileSync(own('digits', 'left-over'), '');
    await add(bundled, { name: 'digits', force: true });
    expect((await loadModel('digits')).manifest.task).toBe('face-detection');
    expect(existsSync(own('digits', 'left-over'))).toBe(false);
    expect(readdirSync(own())).toEqual(['digits']);
  });

  it('adds a model onto itself', async () => {
    await add(DIGITS);
    await add('digits', { force: true });
    expect((await loadModel('digits')).manifest).toEqual((await loadModel(DIGITS)).manifest);
  });

  it.each(['', 'Digits', '-digits', '../digits', 'di/gits', 'd'.repeat(65)])('refuses the name "%s"', async name => {
    expect(await failure(slotFor(name, true))).toMatchObject({ code: 'bad_request' });
  });

  it('leaves nothing behind when the disk is full, and what was there as it was', async () => {
    await add(DIGITS, { name: 'kept' });
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    jest.spyOn(files, 'copyFile').mockResolvedValueOnce().mockRejectedValueOnce(full);
    expect(await failure(add(bundled, { name: 'kept', force: true }))).toBe(full);
    expect(readdirSync(own())).toEqual(['kept']);
    expect((await loadModel('kept')).manifest.task).toBe('image-classification');
  });

  it('puts the old model back when the new one cannot take its place', async () => {
    await add(DIGITS, { name: 'kept' });
    const { rename } = files;
    const refused = Object.assign(new Error('not permitted'), { code: 'EPERM' });
    jest.spyOn(files, 'rename').mockImplementation(async (from, to) => {
      if (String(from).endsWith('.new')) {
        throw refused;
      }
      await rename(from, to);
    });
    expect(await failure(add(bundled, { name: 'kept', force: true }))).toBe(refused);
    expect(readdirSync(own())).toEqual(['kept']);
    expect((await loadModel('kept')).manifest.task).toBe('image-classification');
  });

  it('notices files that change on the way', async () => {
    const source = join(root, 'source');
    cpSync(DIGITS, source, { recursive: true });
    const model = await loadModel(source);
    cpSync(bundled, source, { recursive: true });
    const slot = await slotFor('digits', false);
    mkdirSync(slot.folder, { recursive: true });
    const error = await failure(addModel(model, slot));
    expect(error).toBeInstanceOf(VeilError);
    expect(error).toMatchObject({ code: 'model_mismatch' });
    expect(readdirSync(own())).toEqual([]);
  });
});
