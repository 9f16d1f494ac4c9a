import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import { writeDigits } from '../../test/models/digits';
import { digitsWithArtefact, type DigitsWithArtefact } from '../../test/support/digits-artefact';
import { AuditReport, type VeilError, type AuditProgress, type AuditRequest } from '../protocol';
import { type Attack } from './attack';
import { PRIOR } from './attacks/prior';
import { auditModel, type AuditHooks } from './run';
import { type Sizes } from './sizes';

/** Enough to go through everything. */
const LITTLE: Partial<Sizes> = {
  own: 32,
  attacked: 16,
  decoderSteps: { raw: 4, whitened: 4, denoised: 6 },
  averaged: 2,
  inverted: 2,
  inversionSteps: 6,
  conformance: null,
  ceilingSteps: 0,
  shown: 2
};

// A minute where others work on the same machine; a few seconds where nobody does.
jest.setTimeout(300_000);

let digits: DigitsWithArtefact;
beforeAll(async () => {
  digits = await digitsWithArtefact(64, [0.3, 0.9]);
});
afterAll(() => rmSync(dirname(digits.dir), { recursive: true }));

function audit(request: Partial<AuditRequest> = {}, hooks: Partial<AuditHooks> = {}): Promise<AuditReport> {
  return auditModel(
    { model: digits.dir, images: digits.images, effort: 'quick', seed: 0, ...request },
    { progress: () => undefined, signal: new AbortController().signal, sizes: LITTLE, ...hooks }
  );
}

/** What depends neither on the clock nor on keys that nobody knows. */
const figures = (report: AuditReport) =>
  JSON.stringify({ ...report, created: '', seconds: 0, conformance: [] }).replace(/"seconds":[\d.e-]+/g, '"seconds":0');

describe('an audit of a small classifier', () => {
  it('of full effort runs every attack and reports what the schema says', async () => {
    const told: AuditProgress[] = [];
    const report = await audit({ effort: 'full' }, { progress: progress => told.push(progress) });
    expect([...Value.Errors(AuditReport, report)].filter(({ path }) => path !== '/created')).toEqual([]);
    const names = new Set(report.alphas[0].attacks.map(({ name, input, looks }) => `${name} ${input} ${looks}`));
    expect(names).toEqual(
      new Set([
        'A0 raw 1',
        'A1 raw 1',
        ...['raw', 'whitened', 'denoised'].map(input => `A2 ${input} 1`),
        'naive raw 1',
        'A3 raw 1',
        ...[1, 4, 16, 64].flatMap(looks => [`A4-A1 raw ${looks}`, `A4-A2 denoised ${looks}`]),
        'A6 raw 1'
      ])
    );
    const shares = told.map(({ done }) => done);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBeCloseTo(1, 6);
    expect(report.sheet).toHaveLength(4);
  });

  it('finds less at a larger ALPHA, more after more looks, and holds its controls', async () => {
    const report = await audit();
    const [weak, strong] = report.alphas;
    expect(report.controls.filter(({ passed }) => !passed)).toEqual([]);
    expect(report.verdict).toBe('valid');
    expect(strong.strongest.r2).toBeLessThan(weak.strongest.r2);
    expect(strong.bits).toBeLessThan(weak.bits);
    expect(strong.alpha_certified).toBeCloseTo(0.9, 1);
    const looks = strong.attacks.filter(({ name }) => name === 'A4-A1').map(({ r2 }) => r2);
    expect(looks).toEqual([...looks].sort((a, b) => a - b));
    expect(report.monotone).toMatchObject({ violations: [] });
    const naive = strong.attacks.find(({ name }) => name === 'naive')!;
    expect(naive.r2).toBeLessThan(strong.strongest.r2);
  });

  it('gives the same figures for the same seed', async () => {
    const one = { attacks: ['A6'], alphas: [0.9] };
    const [first, second] = [await audit(one), await audit(one)];
    expect(figures(first)).toBe(figures(second));
    expect(figures(await audit({ ...one, seed: 1 }))).not.toBe(figures(first));
  });

  it('goes on where it was stopped', async () => {
    const out = mkdtempSync(join(tmpdir(), 'veilbook-audit-'));
    const stop = new AbortController();
    const learned: (number | null)[] = [];
    const counting: Attack = {
      ...PRIOR,
      name: 'counting',
      learn: (known, ...rest) => (learned.push(known.alpha), PRIOR.learn(known, ...rest))
    };
    const hooks = { extraAttacks: [counting] };
    const stopped = audit(
      { out },
      { ...hooks, signal: stop.signal, progress: ({ alpha }) => void (alpha === 0.9 && stop.abort()) }
    );
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    const report = await audit({ out }, hooks);
    expect(learned).toEqual([null, 0.3, 0.9]);
    expect(figures(report)).toBe(figures(await audit({}, hooks)));
    rmSync(out, { recursive: true });
  });

  it('voids itself where an attack is blind: a sender without noise under the name of one changes nothing of that', async () => {
    const silent = { send: async (z: Float32Array) => z.slice(), restart: async () => silent, close: async () => undefined };
    const report = await audit(
      { attacks: ['A6'], alphas: [0.9] },
      { sender: silent, sizes: { ...LITTLE, conformance: 'quick' } }
    );
    // Without noise the filter of ALPHA blurs, but everyone is told apart; and it is not what the artefact declares.
    expect(report.verdict).toBe('unsound');
    expect(report.alphas[0].attacks.find(({ name }) => name === 'A6')!.reid!.top1).toBe(1);
    expect(report.alphas[0].strongest.r2).toBeGreaterThan(0.12);
  });
});

describe("a stranger's attack", () => {
  const stranger = (learn: Attack['learn'], more: Partial<Attack> = {}): Attack => ({
    name: 'mine',
    title: 'of a test',
    inputs: ['raw', 'whitened', 'denoised'],
    quick: true,
    learn,
    ...more
  });
  const constant = (value: number, length: number) => async () => ({
    reconstruct: async () => new Float32Array(length).fill(value),
    training: null,
    close: async () => undefined
  });

  it('gets pairs as its input says, and no attacked image', async () => {
    const seen: number[] = [];
    const own = new Set<string>();
    const attack = stranger(async ({ images, noise }, pairs, input) => {
      images.forEach(({ path }) => own.add(path));
      const drawn = await pairs.draw(images.slice(0, 2), input);
      const again = await pairs.draw(images.slice(0, 2), input);
      expect(Buffer.from(drawn[0].z.buffer).equals(Buffer.from(again[0].z.buffer))).toBe(noise === null);
      seen.push(drawn[0].target.length);
      return constant(0.5, drawn[0].target.length)();
    });
    const report = await audit({ effort: 'full', attacks: [], alphas: [0.9] }, { extraAttacks: [attack] });
    expect(seen).toHaveLength(6);
    expect(own.size).toBe(32);
    expect(report.alphas[0].attacks.filter(({ name }) => name === 'mine')).toHaveLength(3);
    report.alphas.forEach(({ attacks }) => attacks.forEach(({ worst_image }) => expect(own).not.toContain(worst_image)));
  });

  it('that gives no picture is refused by its name', async () => {
    const attack = stranger(constant(NaN, 48));
    await expect(audit({ alphas: [0.9] }, { extraAttacks: [attack] })).rejects.toThrow('Attack mine');
  });

  it('may not have the name of another', async () => {
    await expect(audit({}, { extraAttacks: [stranger(constant(0, 1), { name: 'A1' })] })).rejects.toThrow('named A1');
  });
});

describe('an audit is refused', () => {
  const refusal = (request: Partial<AuditRequest>): Promise<VeilError> =>
    audit(request).then(
      () => Promise.reject(new Error('it was not')),
      (thrown: VeilError) => thrown
    );

  it.each([
    ['an ALPHA outside the knots', { alphas: [0.95] }, 'bad_alpha', '0.95'],
    ['an attack that there is not', { attacks: ['A9'] }, 'bad_request', 'A9'],
    ['an attack of full effort in a quick one', { attacks: ['A3'] }, 'bad_request', 'quick'],
    ['a folder that is not there', { images: '/nowhere' }, 'not_found', '/nowhere']
  ])('for %s', async (_, request, code, named) => {
    const error = await refusal(request);
    expect(error).toMatchObject({ code });
    expect(error.line).toContain(named);
    expect(error.line).not.toContain('\n');
  });

  it('for too few images', async () => {
    const few = mkdtempSync(join(tmpdir(), 'veilbook-few-'));
    await writeDigits(few, 20);
    expect(await refusal({ images: few })).toMatchObject({ code: 'bad_request', message: expect.stringContaining('20') });
    rmSync(few, { recursive: true });
  });
});
