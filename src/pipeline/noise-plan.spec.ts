import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { modelWithArtefact } from '../../test/support/artefact';
import { loadModel, type LoadedModel } from '../models';
import { openArena } from './kernels';
import { cleanActivation } from './activation';
import { insecureSeededEpsilon } from './epsilon';
import { Noise, noiseSizes } from './noise';
import { planNoise, planRun } from './noise-plan';

const KEY = new Uint8Array(32).fill(9);
const code = (expected: string) => expect.objectContaining({ code: expected });

let dir: string;
let model: LoadedModel;
let bare: LoadedModel;
beforeAll(async () => {
  dir = await modelWithArtefact();
  model = await loadModel(dir);
  bare = { ...model, obfuscation: null };
});
afterAll(() => rmSync(dirname(dir), { recursive: true }));

describe('the plan of a run', () => {
  it('takes no noise in a clean run', () => {
    expect(planRun(model, { mode: 'clean' }, [], KEY)).toBeNull();
    expect(() => planRun(model, { mode: 'clean', alpha: 0.2 }, [], KEY)).toThrow(code('bad_request'));
    expect(() => planRun(model, { mode: 'clean', insecure_seed: 1 }, [], KEY)).toThrow(code('bad_request'));
    expect(() => planRun(model, { mode: 'quiet' as 'clean' }, [], KEY)).toThrow(code('bad_request'));
  });

  it('refuses noise and pictures of attackers without an artefact', () => {
    expect(() => planRun(bare, { mode: 'noisy', alpha: 0.2 }, [], KEY)).toThrow(code('artefact_missing'));
    expect(() => planNoise(bare, 0.2, undefined, KEY)).toThrow(code('artefact_missing'));
    for (const kind of ['reconstruction', 'linear_attacker', 'naive_viewer'] as const) {
      expect(() => planRun(bare, { mode: 'clean' }, [kind], KEY)).toThrow(code('artefact_missing'));
    }
    expect(planRun(bare, { mode: 'clean' }, ['annotated', 'frame'], KEY)).toBeNull();
  });

  it.each([undefined, NaN, 0, 0.099, 0.901, -0.2, Infinity])('refuses ALPHA %s, naming the range', alpha => {
    expect(() => planRun(model, { mode: 'noisy', alpha }, [], KEY)).toThrow(code('bad_alpha'));
    expect(() => planNoise(model, alpha, 1, KEY)).toThrow(
      expect.objectContaining({ line: expect.stringContaining('0.1 … 0.9') })
    );
  });

  it('says what was measured, and that seeded noise is not private', () => {
    expect(planNoise(model, 0.5, undefined, KEY).said).toMatchObject({
      notices: [expect.stringMatching(/^ALPHA 0\.5: the strongest attacker it was calibrated to recovers 47%/)],
      private: true
    });
    const seeded = planNoise(model, 0.5, 5, KEY).said;
    expect([seeded.private, seeded.notices.length]).toEqual([false, 2]);
    expect(seeded.notices[1]).toMatch(/not private/);
  });

  it('needs a whole key', () => {
    expect(() => planNoise(model, 0.5, undefined, KEY.subarray(1))).toThrow(code('internal'));
  });
});

describe('the noise', () => {
  it('is that of each strength in turn, whatever was drawn before and whatever failed between', async () => {
    const shape = [128, 32, 32];
    const arena = await openArena(noiseSizes(model.obfuscation!));
    const clean = () => cleanActivation(arena.regions.activation.float32().fill(1), shape);
    const noise = new Noise(model.obfuscation!, arena);
    const power = async (alpha: number) => {
      const { data } = await noise.obfuscate(clean(), alpha, insecureSeededEpsilon(3));
      return data.reduce((sum, value) => sum + (value - 1) ** 2, 0) / data.length;
    };
    const first = await power(0.1);
    const strong = await power(0.9);
    await expect(power(0.95)).rejects.toEqual(code('bad_alpha'));
    // The made-up noise deviates in proportion to ALPHA.
    expect(strong / first).toBeCloseTo(81, 0);
    expect(await power(0.1)).toBe(first);
    expect(await power(0.9)).toBe(strong);
  });

  it('leaves zeros when the generator fails', async () => {
    const arena = await openArena(noiseSizes(model.obfuscation!));
    const activation = cleanActivation(arena.regions.activation.float32().fill(1), [128, 32, 32]);
    const broken = {
      private: true,
      fill: () => {
        throw new Error('no entropy');
      }
    };
    await expect(new Noise(model.obfuscation!, arena).obfuscate(activation, 0.5, broken)).rejects.toThrow('no entropy');
    expect(arena.regions.obfuscated.float32().every(value => value === 0)).toBe(true);
  });
});
