import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DIGITS, writeDigits } from '../../test/models/digits';
import { loadModel, readObfuscation } from '../models';
import { readOnnxFile, writeOnnx } from '../models/onnx';
import { replaceWeights } from '../models/onnx/replace-weights';
import { dimsOf, floatsOf } from '../models/onnx/tensors';
import { noiseSpectrumAt } from '../models/strength';
import { combine, eigenSymmetric } from '../numerics/symmetric';
import { type LearnProgress, type LearnReport, type LearnRequest } from '../protocol';
import { type Effort } from './effort';
import { learn } from './learn';

/** Enough to go through every stage, not to protect anything. */
const LITTLE: Effort = {
  sensitivityProbes: 32,
  rounds: 1,
  roundSteps: 10,
  roundProbes: 16,
  decoderSteps: 20,
  knotSteps: 10,
  denoiserSteps: 3,
  tailSteps: 3,
  cloakSteps: 5
};

// A whole pass, on a classifier small enough for it: nothing in it knows faces.
jest.setTimeout(300_000);

let folder: string;
let images: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'veilbook-learn-'));
  images = join(folder, 'digits');
  await mkdir(images);
  await writeDigits(images, 240);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(request: Partial<LearnRequest>, stopAt?: string): Promise<{ report: LearnReport; told: LearnProgress[] }> {
  const told: LearnProgress[] = [];
  const stop = new AbortController();
  const report = await learn(
    { model: DIGITS, images, out: join(folder, 'out'), ...request },
    {
      signal: stop.signal,
      progress: progress => {
        told.push(progress);
        if (progress.stage === stopAt) {
          stop.abort();
        }
      }
    },
    LITTLE
  );
  return { report, told };
}

describe('a learning pass on a classifier', () => {
  let first: LearnReport;

  it('makes an artefact whose noise grows with ALPHA in every direction and holds what it says', async () => {
    const { report, told } = await run({ alphas: [0.3, 0.8], out: join(folder, 'first') });
    first = report;
    const obfuscation = await readObfuscation(report.artefact.path, (await loadModel(DIGITS)).manifest, report.artefact.sha256);
    const [weak, between, strong] = [0.3, 0.5, 0.8].map(alpha => noiseSpectrumAt(obfuscation, alpha));
    for (const [less, more] of [
      [weak, between],
      [between, strong]
    ]) {
      more.forEach((matrix, bin) => {
        const { values } = eigenSymmetric(combine(1, matrix, -1, less[bin]), 16);
        expect(values[0]).toBeGreaterThan(-1e-5 * values[15]);
      });
    }
    report.knots.forEach(({ alpha, measured_alpha }) => expect(measured_alpha).toBeGreaterThan(alpha - 0.005));
    const shares = told.map(({ done }) => done);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(await readdir(join(folder, 'first'))).not.toContain('.learning');
  });

  it('goes on where it was stopped, and learns the same', async () => {
    const request = { alphas: [0.3, 0.8], out: join(folder, 'second') };
    await expect(run(request, 'calibrate')).rejects.toMatchObject({ code: 'cancelled' });
    expect(await readdir(request.out)).toEqual(['.learning']);
    await expect(run({ ...request, seed: 5 })).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining('unfinished learning pass')
    });
    const { report } = await run(request);
    for (const file of ['obfuscation.safetensors', 'decoder.safetensors']) {
      const [one, other] = await Promise.all(['first', 'second'].map(out => readFile(join(folder, out, file))));
      expect(one.equals(other)).toBe(true);
    }
    expect(report.knots).toEqual(first.knots);
  });

  it('in mode cloak learns noise by weight and measures it', async () => {
    const { report } = await run({ mode: 'cloak', alphas: [0.2, 0.9], out: join(folder, 'cloak') });
    const [weak, strong] = report.knots;
    expect(strong.measured_alpha).toBeGreaterThan(weak.measured_alpha);
    const obfuscation = await readObfuscation(report.artefact.path, (await loadModel(DIGITS)).manifest, report.artefact.sha256);
    const [less, more] = [0.2, 0.9].map(weight => noiseSpectrumAt(obfuscation, weight));
    more.forEach((matrix, bin) => matrix.forEach((value, i) => expect(value).toBeGreaterThanOrEqual(less[bin][i])));
  });
});

it('a channel that the tail does not read is drowned like any other', async () => {
  const deaf = join(folder, 'deaf');
  await cp(DIGITS, deaf, { recursive: true });
  const tail = await readOnnxFile(join(DIGITS, 'tail.onnx'));
  const first = tail.graph.node.find(({ opType }) => opType === 'Conv')!.input[1];
  const weights = tail.graph.initializer.find(({ name }) => name === first)!;
  const shape = dimsOf(weights);
  const taps = shape[2] * shape[3];
  const data = floatsOf(weights).map((value, i) => (Math.floor(i / taps) % shape[1] === 3 ? 0 : value));
  const bytes = writeOnnx(replaceWeights(tail, { [first]: { data, shape } }));
  await writeFile(join(deaf, 'tail.onnx'), bytes);
  const manifest = JSON.parse(await readFile(join(deaf, 'model.json'), 'utf8'));
  manifest.tail.sha256 = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(deaf, 'model.json'), JSON.stringify(manifest));
  const { report } = await run({ model: deaf, alphas: [0.3], out: join(folder, 'deaf-out') });
  const { statistics, ...obfuscation } = await readObfuscation(report.artefact.path, (await loadModel(deaf)).manifest);
  const noise = noiseSpectrumAt({ statistics, ...obfuscation }, 0.3);
  noise.slice(1).forEach((S, bin) => expect(S[3 * 17]).toBeGreaterThan(0.1 * statistics.aa[bin + 1][3 * 17]));
});

describe('a learning pass is refused', () => {
  it('for fewer photographs than the activation has channels', async () => {
    const few = join(folder, 'few');
    await mkdir(few);
    await writeDigits(few, 20);
    await expect(run({ images: few })).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining('fewer than the statistics of 16 channels need')
    });
  });

  it('for a strength that is none', async () => {
    await expect(run({ alphas: [0.5, 1] })).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('for a folder that is not there', async () => {
    await expect(run({ images: join(folder, 'nowhere') })).rejects.toMatchObject({ code: 'not_found' });
  });
});
