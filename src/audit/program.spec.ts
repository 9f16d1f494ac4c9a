import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../numerics/random';
import { type Knowledge, type Pairs } from './attack';
import { loadAttack } from './program';

const EXAMPLE = join(__dirname, '../../examples/attacks/cellwise.py');
const hasNumpy = spawnSync(process.env.VEILBOOK_PYTHON ?? 'python3', ['-c', 'import numpy']).status === 0;
const SHAPE = [2, 4, 4] as const;
const SIZE = 32;
const TARGETS = 48;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'veilbook-program-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const script = (name: string, text: string): string => {
  const path = join(dir, name);
  writeFileSync(path, text, { mode: 0o755 });
  return path;
};

/** Targets are a linear function of the first channel. */
function world() {
  const random = new Random(1);
  const draw = () => {
    const z = Float32Array.from({ length: SIZE }, () => random.uniform());
    return { z, target: Float32Array.from({ length: TARGETS * 16 }, (_, i) => 0.2 + 0.5 * z[i % 16]) };
  };
  const images = Array.from({ length: 24 }, () => ({}));
  const pairs: Pairs = { draw: async samples => samples.map(draw) };
  const knowledge = {
    alpha: 0.5,
    noise: null,
    images: images.map(() => ({ target: new Float32Array(TARGETS * 16) })),
    statistics: {
      field: { shape: SHAPE, bins: new Uint8Array(16) },
      spectra: { targets: TARGETS, aa: [new Float64Array(4)], ay: [new Float64Array(2 * TARGETS)] },
      kept: { activation_mean: new Float32Array(SIZE), target_mean: new Float32Array(TARGETS * 16) }
    },
    random,
    signal: new AbortController().signal
  } as unknown as Knowledge;
  return { pairs, knowledge, draw };
}

async function audited(path: string): Promise<{ truth: Float32Array[]; estimates: Float32Array[] }> {
  const { pairs, knowledge, draw } = world();
  const attack = await loadAttack(path);
  const reconstructor = await attack.learn(knowledge, pairs, 'raw');
  const asked = [draw(), draw()];
  try {
    const estimates = await reconstructor.reconstructAll!(
      asked.map(({ z }) => z),
      1
    );
    return { truth: asked.map(({ target }) => target), estimates };
  } finally {
    await reconstructor.close();
  }
}

describe('an attack that is a program', () => {
  (hasNumpy ? it : it.skip)('learns from the pairs it is given: the example recovers what is linear (needs numpy)', async () => {
    const { truth, estimates } = await audited(EXAMPLE);
    estimates.forEach((estimate, i) => {
      const mean = truth[i].reduce((sum, value) => sum + value, 0) / truth[i].length;
      const error = estimate.reduce((sum, value, at) => sum + (value - truth[i][at]) ** 2, 0);
      const spread = truth[i].reduce((sum, value) => sum + (value - mean) ** 2, 0);
      expect(1 - error / spread).toBeGreaterThan(0.9);
    });
  });

  it('that fails is named with the last line it said', async () => {
    const path = script('broken.py', 'import sys\nsys.exit("no such tensor")\n');
    await expect(audited(path)).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining('no such tensor')
    });
  });

  it('that writes nothing is refused', async () => {
    await expect(audited(script('silent.py', ''))).rejects.toThrow('no estimate.safetensors');
  });

  it('that cannot be run is refused', async () => {
    await expect(audited(script('nothing.bin', ''))).rejects.toMatchObject({ code: 'bad_request' });
  });
});

describe('an attack is refused', () => {
  it('that is not there', async () => {
    await expect(loadAttack(join(dir, 'none.py'))).rejects.toMatchObject({ code: 'not_found' });
  });
});
