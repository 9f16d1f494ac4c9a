/**
 * What each rewrite of src/models/onnx saves: sessions with one more rewrite each, run in turn, on one thread.
 *
 *   npx esbuild test/bench/rewrites.ts --bundle --platform=node --external:onnxruntime-node | node - [ROUNDS]
 */
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  foldCrelu,
  mergeHeads,
  pairSoftmax,
  poolCrelu,
  readOnnx,
  spreadCrelu,
  writeOnnx,
  type OnnxModel
} from '../../src/models/onnx';
import { switchTelemetryOff } from '../../src/pipeline/telemetry-off';

const rounds = Number(process.argv[2] ?? 100);

type Step = [name: string, rewrite: (model: OnnxModel) => OnnxModel];

async function compare(file: string, shape: number[], steps: Step[]): Promise<void> {
  const path = `models/faceboxes/${file}`;
  const input = new Tensor(
    'float32',
    new Float32Array(shape.reduce((product, n) => product * n, 1)).map((_, i) => 100 * Math.sin(i / 97)),
    shape
  );
  const runs: { name: string; run: () => Promise<unknown>; fastest: number }[] = [];
  for (let count = 0; count <= steps.length; count++) {
    const model = steps.slice(0, count).reduce((graph, [, rewrite]) => rewrite(graph), readOnnx(readFileSync(path), file));
    const session = await InferenceSession.create(writeOnnx(model), { intraOpNumThreads: 1, interOpNumThreads: 1 });
    const feeds = { [session.inputNames[0]]: input };
    const outputs = await session.run(feeds);
    const name = count === 0 ? 'as exported' : `+ ${steps[count - 1][0]}`;
    runs.push({ name, run: () => session.run(feeds, outputs), fastest: Infinity });
  }
  for (let round = 0; round < rounds; round++) {
    for (const one of runs) {
      const started = performance.now();
      await one.run();
      one.fastest = Math.min(one.fastest, performance.now() - started);
    }
  }
  const lines = runs.map(({ name, fastest }) => `  ${name.padEnd(16)}${fastest.toFixed(2).padStart(8)} ms`);
  process.stdout.write(`${file}, fastest of ${rounds}\n${lines.join('\n')}\n`);
}

async function main(): Promise<void> {
  switchTelemetryOff();
  await compare(
    'head.onnx',
    [1, 3, 1024, 1024],
    [
      ['foldCrelu', foldCrelu],
      ['poolCrelu', poolCrelu]
    ]
  );
  await compare(
    'head.onnx',
    [1, 3, 1024, 1024],
    [
      ['poolCrelu', poolCrelu],
      ['spreadCrelu', spreadCrelu]
    ]
  );
  await compare(
    'tail.onnx',
    [1, 128, 32, 32],
    [
      ['mergeHeads', mergeHeads],
      ['pairSoftmax', pairSoftmax]
    ]
  );
}

void main();
