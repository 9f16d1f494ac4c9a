import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import { ALPHAS, madeUp, modelWithArtefact } from '../../test/support/artefact';
import { cholesky } from '../numerics/matrix';
import { combine, eigenSymmetric } from '../numerics/symmetric';
import { decodeSafetensors, encodeSafetensors, ModelSummary, VeilError, type ObfuscationDocument } from '../protocol';
import { artefactRef, loadModel, meaningOfAlpha, readDecoderWeights, readServerWeights, summarise, writeArtefact } from '.';
import { type LoadedModel, type Obfuscation } from '.';
import { readOnnxFile } from './onnx';
import { alphaAfterLooks, nearestKnot, noiseFieldAt, noiseSpectrumAt } from './strength';
import { asStored } from './write-artefact';

const CHANNELS = 128;
let dir: string;
let model: LoadedModel;
let obfuscation: Obfuscation;
let untouched: Map<string, Buffer>;

beforeAll(async () => {
  dir = await modelWithArtefact();
  untouched = new Map(readdirSync(dir).map(name => [name, readFileSync(join(dir, name))]));
  model = await loadModel(dir);
  obfuscation = model.obfuscation!;
});
afterEach(() => untouched.forEach((bytes, name) => existsSync(join(dir, name)) || writeFileSync(join(dir, name), bytes)));
afterAll(() => rmSync(dirname(dir), { recursive: true }));

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
};
const content = async () => madeUp(model.manifest, await readOnnxFile(join(dir, 'tail.onnx')));

describe('a learned obfuscation', () => {
  it('is what was written, to float32', async () => {
    const { content: written } = await content();
    const { statistics } = obfuscation;
    expect(furthest(statistics.activation_mean, written.activation_mean)).toBe(0);
    for (const name of ['aa', 'ay', 'yy'] as const) {
      statistics[name].forEach((matrix, bin) => expect(furthest(matrix, written[name][bin].map(Math.fround))).toBe(0));
    }
    ALPHAS.forEach((alpha, k) =>
      noiseSpectrumAt(obfuscation, alpha).forEach((S, bin) => expect(furthest(S, written.noise[k][bin].map(Math.fround))).toBe(0))
    );
  });

  it('has weights that are read when they are asked for: decoder and server, rounded', async () => {
    const { content: written } = await content();
    for (const knot of [null, 0, 2]) {
      const decoder = await readDecoderWeights(obfuscation, knot);
      const kept = asStored(knot === null ? written.decoders.clean : written.decoders.knots[knot]);
      expect(Object.keys(decoder)).toEqual(Object.keys(kept));
      Object.entries(decoder).forEach(([name, { data }]) => expect(furthest(data, kept[name].data)).toBe(0));
    }
    expect(await readServerWeights(obfuscation, 0)).toBeNull();
    const server = (await readServerWeights(obfuscation, 2))!;
    const stored = asStored(written.server[2]!);
    expect(Object.keys(server)).toEqual(Object.keys(stored));
    Object.entries(server).forEach(([name, { data }]) => expect(furthest(data, stored[name].data)).toBe(0));
  });

  it('crosses to a worker whole', () => {
    const copy = structuredClone(obfuscation);
    expect(copy.document).toEqual(obfuscation.document);
    expect(furthest(copy.noise, obfuscation.noise)).toBe(0);
    const { noise, statistics } = obfuscation;
    expect([noise, statistics.activation_low].map(({ byteLength, buffer }) => buffer.byteLength - byteLength)).toEqual([0, 0]);
  });

  it('says what ALPHA means, measured and not guaranteed', () => {
    expect(meaningOfAlpha(obfuscation, 0.5)).toBe(
      'ALPHA 0.5: the strongest attacker it was calibrated to recovers 47% of image variance (clean: 92%); measured, not a guarantee.'
    );
    expect(meaningOfAlpha(obfuscation, 0.7)).toContain('recovers about 29% of');
    expect(artefactRef(obfuscation)).toMatchObject({ kind: 'stationary-gaussian', calibrated: true, sha256: obfuscation.sha256 });
    const summary = summarise(model).artefact!;
    expect(summary).toMatchObject({ alpha_min: 0.1, alpha_max: 0.9, calibrated: true });
    expect([...Value.Errors(ModelSummary, summarise(model))]).toEqual([]);
    expect(summary.strengths!.map(({ alpha, measured, certified }) => [alpha, measured, certified])).toEqual([
      [0.1, 0.1, null],
      [0.5, 0.5, null],
      [0.9, 0.9, null]
    ]);
    const knots = obfuscation.document.knots.map(knot => ({ ...knot, weight: knot.alpha, measured_alpha: knot.alpha / 2 }));
    const cloak = { ...obfuscation, document: { ...obfuscation.document, mode: 'cloak' as const, knots } };
    expect(meaningOfAlpha(cloak, 0.5)).toBe(
      'ALPHA 0.5 is the weight 0.50 of the noise in the loss, measured ALPHA 0.25: the strongest attacker it was measured with recovers 47%' +
        ' of image variance (clean: 92%); measured, not a guarantee.'
    );
    expect(artefactRef(cloak).calibrated).toBe(false);
  });
});

describe('between knots', () => {
  it('noise never shrinks in any direction as ALPHA grows', () => {
    const alphas = [0.1, 0.1001, 0.3, 0.5, 0.62, 0.9];
    const spectra = alphas.map(alpha => noiseSpectrumAt(obfuscation, alpha));
    for (let i = 1; i < alphas.length; i++) {
      spectra[i].forEach((S, bin) => {
        const smallest = eigenSymmetric(combine(1, S, -1, spectra[i - 1][bin]), CHANNELS).values[0];
        expect(smallest).toBeGreaterThan(-1e-9);
      });
    }
  }, 20_000);

  it("the factors are the spectrum's", () => {
    const { factors, shape, step, bins } = noiseFieldAt(obfuscation, 0.3);
    const spectrum = noiseSpectrumAt(obfuscation, 0.3);
    expect([shape, factors.length, bins.length]).toEqual([[128, 32, 32], spectrum.length * CHANNELS ** 2, 1024]);
    expect(Number.isInteger(Math.log2(step))).toBe(true);
    spectrum.forEach((S, bin) => {
      const L = factors.subarray(bin * CHANNELS ** 2, (bin + 1) * CHANNELS ** 2);
      expect(furthest(L, cholesky(S, CHANNELS))).toBeLessThan(1e-5);
    });
  });

  it('the server side is that of the nearest knot', () => {
    expect([0.1, 0.29, 0.31, 0.5, 0.69, 0.71, 0.9].map(alpha => nearestKnot(obfuscation, alpha))).toEqual([0, 0, 1, 1, 1, 2, 2]);
  });

  it('what is left after looks is linear in ALPHA and in their logarithm, and unknown beyond the measured ones', () => {
    expect(alphaAfterLooks(obfuscation, 0.5, 1)).toBeCloseTo(0.5, 12);
    expect(alphaAfterLooks(obfuscation, 0.5, 4)).toBeCloseTo(0.25, 12);
    expect(alphaAfterLooks(obfuscation, 0.5, 2)).toBeCloseTo(0.375, 12);
    expect(alphaAfterLooks(obfuscation, 0.7, 16)).toBeCloseTo(0.7 / 4, 12);
    expect(alphaAfterLooks(obfuscation, 0.5, 17)).toBeNull();
  });

  it.each([0.099, 0.91, NaN, -1, Infinity])('and outside of them there is nothing: %s', alpha => {
    for (const use of [noiseSpectrumAt, noiseFieldAt, nearestKnot]) {
      expect(() => use(obfuscation, alpha)).toThrow(expect.objectContaining({ code: 'bad_alpha' }));
    }
  });
});

/** Change the document, and model.json's word for it. */
function rewrite(change: (document: ObfuscationDocument) => unknown): void {
  const document = JSON.parse(untouched.get('obfuscation.json')!.toString());
  change(document);
  store('obfuscation.json', Buffer.from(JSON.stringify(document)));
  rmSync(join(dir, 'model.json'));
}
function store(name: string, bytes: Uint8Array): void {
  writeFileSync(join(dir, name), bytes);
}

async function refusal(of: () => Promise<unknown> = () => loadModel(dir)): Promise<VeilError> {
  const error = await of().then(
    () => undefined,
    thrown => thrown
  );
  expect(error).toBeInstanceOf(VeilError);
  expect(error.line).not.toContain('\n');
  untouched.forEach((bytes, name) => writeFileSync(join(dir, name), bytes));
  return error;
}

describe('refused in one line', () => {
  it.each<[string, (document: ObfuscationDocument) => unknown, RegExp]>([
    ['a newer schema', d => Object.assign(d, { schema: 4 }), /made by a newer Veilbook \(schema 4, this one reads 3\)/],
    ['an older schema', d => Object.assign(d, { schema: 2 }), /made by an older Veilbook \(schema 2, this one reads 3\)/],
    ['another kind', d => Object.assign(d, { kind: 'laplace' }), /\/kind/],
    ['a field nobody knows', d => Object.assign(d, { extra: 1 }), /\/extra/],
    ['another head', d => Object.assign(d, { head_sha256: '9c1f'.padEnd(64, '0') }), /belongs to another head \(sha256 9c1f…/],
    ['another tail', d => Object.assign(d, { tail_sha256: '0'.repeat(64) }), /another tail/],
    ['another shape', d => Object.assign(d, { activation_shape: [64, 32, 32] }), /for activations of \[64,32,32\]/],
    ['knots out of order', d => d.knots.reverse(), /not in ascending order/],
    ['knots twice', d => (d.knots[1].alpha = 0.1), /not in ascending order/],
    ['looks out of order', d => d.knots[1].looks.reverse(), /looks of its knot 0.5/],
    ['rings out of order', d => d.ring_ends.reverse(), /radial bins are not in ascending order/],
    ['other rings', d => d.ring_ends.pop(), /has no aa/],
    ['a server side that nobody measured', d => d.knots[1].agreement.pop(), /does not say how well/],
    ['a server side without weights', d => (d.knots[1].weights = null), /no weights/],
    ['weights nobody uses', d => (d.knots[1].server = ['filter']), /knot 0.5 names filter and has weights/],
    ['a grid too coarse', d => (d.grid_exponent += 4), /coarser than 1\/64/],
    ['a grid too fine', d => (d.grid_exponent = -20), /finer than float32/],
    ['a file outside', d => (d.decoder.file = '../decoder.safetensors'), /outside its folder/],
    ['other statistics', d => (d.statistics.sha256 = '0'.repeat(64)), /sha256 [0-9a-f]{4}…, its description says 0000…/],
    ['a shorter file', d => (d.statistics.bytes += 1), /bytes, not/]
  ])('%s', async (_, change, words) => {
    rewrite(change);
    const error = await refusal();
    expect(['artefact_mismatch', 'model_mismatch']).toContain(error.code);
    expect(error.message).toMatch(words);
  });

  it('a document that is no JSON, and one that is not there', async () => {
    rmSync(join(dir, 'model.json'));
    store('obfuscation.json', Buffer.from('{'));
    expect(await refusal()).toMatchObject({ code: 'artefact_mismatch', message: expect.stringContaining('not JSON') });
    rmSync(join(dir, 'obfuscation.json'));
    expect((await refusal()).code).toBe('artefact_missing');
    rmSync(join(dir, 'obfuscation.safetensors'));
    expect((await refusal()).code).toBe('artefact_missing');
  });

  it('another document than model.json vouches for', async () => {
    const bytes = Buffer.from(untouched.get('obfuscation.json')!);
    store('obfuscation.json', Buffer.concat([bytes, Buffer.from('\n')]));
    expect(await refusal()).toMatchObject({ code: 'model_mismatch' });
  });

  it.each<[string, (tensors: ReturnType<typeof decodeSafetensors>['tensors']) => unknown, RegExp]>([
    ['not a number', t => (t.noise.data[5] = NaN), /noise holds a value that is not a finite number/],
    ['an infinity', t => (t.activation_mean.data[5] = Infinity), /activation_mean holds/],
    ['another shape', t => Object.assign(t.ay, { shape: [...t.ay.shape].reverse() }), /no ay \[4,128,48\]/],
    ['nothing of that name', t => delete t.target_mean, /no target_mean/],
    ['a channel clamped to nothing', t => (t.activation_high.data[3] = -40), /clamps a channel to nothing/],
    ['no noise in a channel', t => silence(t.noise.data), /coarser than 1\/64/]
  ])('statistics that hold %s', async (_, change, words) => {
    const { tensors } = decodeSafetensors(Buffer.from(untouched.get('obfuscation.safetensors')!));
    change(tensors);
    const bytes = encodeSafetensors(tensors);
    store('obfuscation.safetensors', bytes);
    rewrite(d => Object.assign(d.statistics, { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }));
    expect(await refusal()).toMatchObject({ code: 'artefact_mismatch', message: expect.stringMatching(words) });
  });

  it('weights that were changed or taken away after the document was read', async () => {
    const file = obfuscation.document.knots[1].weights!.file;
    for (const [name, read] of [
      [file, () => readServerWeights(obfuscation, 1)],
      ['decoder.safetensors', () => readDecoderWeights(obfuscation, 0)]
    ] as const) {
      const bytes = Buffer.from(untouched.get(name)!);
      bytes[bytes.length - 3] ^= 1;
      store(name, bytes);
      expect(await refusal(read)).toMatchObject({ code: 'model_mismatch', message: expect.stringContaining(name) });
      rmSync(join(dir, name));
      expect(await refusal(read)).toMatchObject({ code: 'artefact_missing' });
    }
  });
});

/** No noise in channel 0 at the first knot. */
function silence(noise: Float32Array | Uint8Array): void {
  const size = (CHANNELS * (CHANNELS + 1)) / 2;
  for (let bin = 0; bin < 4; bin++) {
    noise[bin * size] = 0;
  }
}

describe('writing', () => {
  it('tells of a folder that cannot be written in one line and leaves nothing', async () => {
    const { draft, content: written } = await content();
    const folder = mkdtempSync(join(tmpdir(), 'veilbook-'));
    writeFileSync(join(folder, 'file'), '');
    const into = join(folder, 'file', 'artefact');
    const error = await refusal(() => writeArtefact(into, draft, written));
    expect(error).toMatchObject({ code: 'output_unwritable', message: expect.stringContaining(into) });
    expect(readdirSync(folder)).toEqual(['file']);
    rmSync(folder, { recursive: true });
  });

  it('leaves no document and no drafts when it is stopped on the way', async () => {
    const { draft, content: written } = await content();
    const folder = mkdtempSync(join(tmpdir(), 'veilbook-'));
    // A folder cannot be replaced by a file: the last step fails.
    mkdirSync(join(folder, 'obfuscation.json', 'x'), { recursive: true });
    expect((await refusal(() => writeArtefact(folder, draft, written))).code).toBe('output_unwritable');
    expect(readdirSync(folder).filter(name => name.startsWith('.'))).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it('refuses content that does not fit its draft', async () => {
    const { draft, content: written } = await content();
    const folder = mkdtempSync(join(tmpdir(), 'veilbook-'));
    await expect(writeArtefact(folder, draft, { ...written, noise: written.noise.slice(1) })).rejects.toThrow(/noise/);
    await expect(writeArtefact(folder, draft, { ...written, server: [] })).rejects.toThrow(/3 knots and 0 server sides/);
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});
