import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadModel, pack, gridExponentFor, writeArtefact } from '../../src/models';
import { type ArtefactContent, type ArtefactDraft, type Weights } from '../../src/models';
import { decoderBody } from '../../src/models/decoder-graph';
import { denoiserBody } from '../../src/models/denoiser-graph';
import { readOnnx, type OnnxModel } from '../../src/models/onnx';
import { dimsOf, floatsOf } from '../../src/models/onnx/tensors';
import { frequenciesOf } from '../../src/numerics/frequencies';
import { radialBins } from '../../src/numerics/radial-bins';
import { Random } from '../../src/numerics/random';
import { type Matrix } from '../../src/numerics/symmetric';
import { type ModelManifest, type ServerPart } from '../../src/protocol';

const BUNDLED = resolve(__dirname, '../../models/faceboxes');
export const ALPHAS = [0.1, 0.5, 0.9];
const TARGETS = 48;
const SIDES: ServerPart[][] = [['filter'], ['filter', 'denoiser'], ['filter', 'denoiser', 'tail']];
const RING_ENDS = [0.5, 2.5, 7];

/**
 * A copy of a model, the bundled one if not said, with an obfuscation that nobody learned: noise of random shapes, weak enough that boxes stay
 * where they were; a server side of filter, of filter and denoiser, and of all three at its three knots.
 * @returns the folder, in a temporary one of its own
 */
export async function modelWithArtefact(
  change: (draft: ArtefactDraft) => ArtefactDraft = draft => draft,
  source = BUNDLED
): Promise<string> {
  const { manifest } = await loadModel(source);
  const dir = join(mkdtempSync(join(tmpdir(), 'veilbook-artefact-')), manifest.name);
  cpSync(source, dir, { recursive: true });
  readdirSync(dir)
    .filter(name => name.endsWith('.safetensors'))
    .forEach(name => rmSync(join(dir, name)));
  const { draft, content } = madeUp(manifest, readOnnx(readFileSync(join(dir, 'tail.onnx')), 'tail.onnx'));
  const { sha256 } = await writeArtefact(dir, change(draft), content);
  const description = { ...manifest, obfuscation: { file: 'obfuscation.json', sha256 } };
  writeFileSync(join(dir, 'model.json'), JSON.stringify(description));
  return dir;
}

/** Draft and content of the obfuscation that `modelWithArtefact` writes. */
export function madeUp(
  { head, tail }: Pick<ModelManifest, 'head' | 'tail'>,
  graph: OnnxModel
): { draft: ArtefactDraft; content: ArtefactContent } {
  const random = new Random(7);
  const [channels, height, width] = head.activation.shape;
  const { counts } = radialBins(frequenciesOf(height, width), RING_ENDS);
  const matrix = (rows: number, columns: number, scale: number): Matrix =>
    Float64Array.from({ length: rows * columns }, () => random.normal(0, scale));
  // Real activations of this model deviate by about 1 from a mean of about 1.
  const aa = Array.from(counts, (_, bin) => plus(gram(matrix(channels, 8, 1 / (bin + 1)), channels, 8), 1, channels));
  const maps = aa.map(() => matrix(channels, TARGETS, 0.01));
  const ay = aa.map((a, bin) => times(a, maps[bin], channels, TARGETS));
  const yy = ay.map((cross, bin) => {
    const explained = times(transposed(maps[bin], channels, TARGETS), cross, TARGETS, TARGETS, channels);
    return plus(explained, 0.01, TARGETS);
  });
  const shapes = aa.map(() => plus(gram(matrix(channels, 16, 0.3), channels, 16), 1, channels));
  const noise = ALPHAS.map(alpha => shapes.map(shape => shape.map(value => value * (0.1 * alpha) ** 2)));
  const uniform = () => random.uniform();
  const denoiser = weightsOf(denoiserBody(channels, 8, uniform));
  denoiser['denoiser.2.weight'].data.forEach((_, i, data) => (data[i] = random.normal(0, 0.001)));
  const decoder = weightsOf(decoderBody(channels, TARGETS, 8, uniform));
  decoder['decoder.4.weight'].data.forEach((_, i, data) => (data[i] = random.normal(0, 0.01)));
  const tuned = Object.fromEntries(
    Object.entries(weightsOf(graph))
      .filter(([, { shape }]) => shape.length === 1)
      .map(([name, { data, shape }]) => [name, { data: data.map(value => value * 1.001), shape }] as const)
  );
  const leakage = (r2: number) => ({
    linear: { r2, interval: [r2 - 0.01, r2 + 0.01] as [number, number] },
    decoder: { r2: r2 + 0.02, interval: [r2 + 0.01, r2 + 0.03] as [number, number] },
    detail: r2 / 2
  });
  return {
    draft: {
      schema: 3,
      kind: 'stationary-gaussian',
      mode: 'calibrated',
      head_sha256: head.sha256,
      tail_sha256: tail.sha256,
      activation_shape: [channels, height, width],
      targets: TARGETS,
      ring_ends: RING_ENDS,
      looks: 1,
      grid_exponent: gridExponentFor(pack(noise[0], channels), counts, channels),
      clean: leakage(0.9),
      knots: ALPHAS.map((alpha, k) => ({
        alpha,
        measured_alpha: alpha,
        leakage: leakage(0.9 * (1 - alpha)),
        looks: [1, 4, 16].map(looks => ({ looks, alpha: alpha / Math.sqrt(looks) })),
        agreement: SIDES.slice(0, k + 1).map((server, tried) => ({ server, ap: 1 - 0.1 * alpha + 0.01 * tried })),
        server: SIDES[k]
      })),
      provenance: {
        created: '2026-01-02T03:04:05Z',
        tool: 'test/support/artefact.ts',
        seed: 7,
        image_source: 'no images at all',
        images_sha256: '0'.repeat(64),
        images: { fit: 0, select: 0, held_out: 0 },
        seconds: 0
      }
    },
    content: {
      activation_mean: new Float32Array(channels * height * width).fill(1),
      activation_low: new Float32Array(channels).fill(-40),
      activation_high: new Float32Array(channels).fill(40),
      target_mean: new Float32Array(TARGETS * height * width).fill(0.5),
      aa,
      ay,
      yy,
      noise,
      decoders: { clean: decoder, knots: ALPHAS.map(() => decoder) },
      server: [null, denoiser, { ...denoiser, ...tuned }]
    }
  };
}

export function weightsOf({ graph }: OnnxModel): Weights {
  const floats = graph.initializer.filter(({ dataType }) => dataType === 1);
  return Object.fromEntries(floats.map(tensor => [tensor.name, { data: floatsOf(tensor), shape: dimsOf(tensor) }]));
}

/** A B for A [n,k], B [k,m]. */
function times(A: Matrix, B: Matrix, n: number, m: number, k = n): Matrix {
  return Float64Array.from({ length: n * m }, (_, at) => {
    const [i, j] = [Math.floor(at / m), at % m];
    let sum = 0;
    for (let x = 0; x < k; x++) {
      sum += A[i * k + x] * B[x * m + j];
    }
    return sum;
  });
}

function transposed(A: Matrix, n: number, m: number): Matrix {
  return Float64Array.from({ length: n * m }, (_, at) => A[(at % n) * m + Math.floor(at / n)]);
}

/** A A^T for A [n,m]. */
const gram = (A: Matrix, n: number, m: number): Matrix => times(A, transposed(A, n, m), n, n, m);

const plus = (A: Matrix, value: number, n: number): Matrix => A.map((x, i) => x + (i % (n + 1) === 0 ? value : 0));
