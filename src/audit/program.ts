import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { batchOf } from '../learning/values';
import { type Sample } from '../learning/samples';
import { decodeSafetensors, encodeSafetensors, VeilError, type AttackInput, type WireTensor } from '../protocol';
import { type Attack, type Knowledge, type Pairs } from './attack';

const MODULES = ['.mjs', '.js', '.mts', '.ts'];
const INPUTS: readonly AttackInput[] = ['raw', 'whitened', 'denoised'];
/** Pairs that a program learns from. */
const PAIRS = 256;
const SHOWN = 300;

/**
 * A stranger's attack: a module whose default export is an `Attack`, or a program of any language. A Python file is run by
 * the interpreter that VEILBOOK_PYTHON names, python3 if it names none; anything else must be executable.
 * @throws VeilError `not_found`; `bad_request` for a module that exports no attack
 */
export async function loadAttack(path: string): Promise<Attack> {
  const bytes = await readFile(path).catch(() => {
    throw new VeilError('not_found', `Attack ${path} cannot be read. Nothing was attacked.`, 'Name a file.');
  });
  const version = createHash('sha256').update(bytes).digest('hex');
  if (!MODULES.includes(extname(path))) {
    return guarded(program(resolve(path), version), resolve(path));
  }
  const attack = (await imported(path)).default;
  if (!attack?.name || !attack.title || !attack.inputs?.length || typeof attack.learn !== 'function') {
    throw new VeilError(
      'bad_request',
      `Attack ${path} has no default export with name, title, inputs and learn. Nothing was attacked.`,
      'docs/audit.md tells what an attack is.'
    );
  }
  const foreign = attack.inputs.find(input => !INPUTS.includes(input));
  if (foreign !== undefined) {
    throw new VeilError(
      'bad_request',
      `Attack ${path} asks for the input ${foreign}. Nothing was attacked.`,
      `Use some of ${INPUTS.join(', ')}.`
    );
  }
  const { name, title, inputs, preparesInput, most } = attack;
  const learn = attack.learn.bind(attack);
  return guarded({ name, title, inputs, quick: true, preparesInput, most, version, learn }, path);
}

async function imported(path: string): Promise<{ default?: Partial<Attack> }> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as { default?: Partial<Attack> };
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new VeilError('bad_request', `Attack ${path} cannot be loaded (${why}). Nothing was attacked.`, 'Correct it.');
  }
}

/** The same attack, whose failures and answers that are no pictures are told as its own and not as faults of Veilbook. */
function guarded(attack: Attack, path: string): Attack {
  return {
    ...attack,
    async learn(knowledge, pairs, input) {
      const tried = async <T>(work: () => Promise<T>): Promise<T> => {
        try {
          return await work();
        } catch (thrown) {
          if (knowledge.signal.aborted || thrown instanceof VeilError) {
            throw thrown;
          }
          throw refused(path, thrown instanceof Error ? thrown.message : String(thrown));
        }
      };
      const { length } = knowledge.images[0].target;
      const pictured = (estimate: Float32Array | undefined): Float32Array => {
        if (!(estimate instanceof Float32Array) || estimate.length !== length || !estimate.every(Number.isFinite)) {
          throw refused(path, `it gave no estimate of ${length} finite float32 values`);
        }
        return estimate;
      };
      const learned = await tried(() => attack.learn(knowledge, pairs, input));
      if (typeof learned?.reconstruct !== 'function' || typeof learned.close !== 'function') {
        throw refused(path, 'its learn gave nothing with reconstruct and close');
      }
      const { reconstructAll } = learned;
      return {
        reconstruct: (z, looks) => tried(async () => pictured(await learned.reconstruct(z, looks))),
        ...(reconstructAll && {
          reconstructAll: (z: readonly Float32Array[], looks: number) =>
            tried(async () => {
              const estimates = await reconstructAll.call(learned, z, looks);
              return z.map((_, i) => pictured(estimates[i]));
            })
        }),
        training: learned.training ?? null,
        close: () => tried(() => learned.close())
      };
    }
  };
}

function program(path: string, version: string): Attack {
  const name = basename(path, extname(path));
  return {
    name,
    title: `${name}, a program`,
    inputs: INPUTS,
    quick: true,
    version,
    learn: async (knowledge, pairs, input) => {
      const folder = await mkdtemp(join(tmpdir(), 'veilbook-attack-'));
      return {
        reconstruct: async z => (await ask(path, folder, knowledge, pairs, input, [z]))[0],
        reconstructAll: z => ask(path, folder, knowledge, pairs, input, z),
        training: null,
        close: () => rm(folder, { recursive: true, force: true })
      };
    }
  };
}

/** Everything that the program may know lies in the folder; of the attacked images their tensors alone. */
async function ask(
  path: string,
  folder: string,
  knowledge: Knowledge,
  pairs: Pairs,
  input: Parameters<Pairs['draw']>[1],
  z: readonly Float32Array[]
): Promise<Float32Array[]> {
  const { alpha, statistics, images, noise, signal } = knowledge;
  const { field, spectra, kept } = statistics;
  const [channels, height, width] = field.shape;
  const targetShape = [spectra.targets, height, width];
  const write = (name: string, tensors: Record<string, WireTensor>) => writeFile(join(folder, name), encodeSafetensors(tensors));
  const tensor = (arrays: readonly Float32Array[], shape: readonly number[]): WireTensor => {
    const { data, dims } = batchOf(arrays, shape);
    return { data, shape: dims };
  };
  const matrices = (all: readonly Float64Array[], columns: number): WireTensor =>
    tensor(
      all.map(matrix => Float32Array.from(matrix)),
      [channels, columns]
    );
  const question = { alpha, input, channels, height, width, targets: spectra.targets, seed: knowledge.random.integer(2 ** 31) };
  await writeFile(join(folder, 'question.json'), JSON.stringify(question));
  await write('known.safetensors', {
    mean: { data: kept.activation_mean, shape: field.shape },
    target_mean: { data: kept.target_mean, shape: targetShape },
    bins: { data: field.bins, shape: [height, width] },
    aa: matrices(spectra.aa, channels),
    ay: matrices(spectra.ay, spectra.targets),
    ...(noise && { noise: matrices(noise, channels) })
  });
  const drawn = await drawAll(pairs, images.slice(0, PAIRS), input);
  await write('train.safetensors', {
    z: tensor(
      drawn.map(pair => pair.z),
      field.shape
    ),
    target: tensor(
      drawn.map(pair => pair.target),
      targetShape
    )
  });
  await write('test.safetensors', { z: tensor(z, field.shape) });
  await run(path, folder, signal);
  const { estimate } = decodeSafetensors(await answerOf(path, folder)).tensors;
  if (!(estimate?.data instanceof Float32Array) || `${estimate.shape}` !== `${[z.length, ...targetShape]}`) {
    throw refused(path, `its estimate is [${estimate?.shape ?? ''}], not float32 [${[z.length, ...targetShape]}]`);
  }
  const size = estimate.data.length / z.length;
  const { data } = estimate;
  return z.map((_, i) => data.slice(i * size, (i + 1) * size));
}

/** A few at a time, as much noise as one training step takes. */
async function drawAll(pairs: Pairs, samples: readonly Sample[], input: Parameters<Pairs['draw']>[1]) {
  const drawn: Awaited<ReturnType<Pairs['draw']>> = [];
  for (let at = 0; at < samples.length; at += 8) {
    drawn.push(...(await pairs.draw(samples.slice(at, at + 8), input)));
  }
  return drawn;
}

function run(path: string, folder: string, signal: AbortSignal): Promise<void> {
  const python = process.env.VEILBOOK_PYTHON ?? 'python3';
  const [command, args] = extname(path) === '.py' ? [python, [path, folder]] : [path, [folder]];
  return new Promise((settle, fail) => {
    // What it prints is for a person, and not part of a report.
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], signal });
    let said = '';
    child.stderr.on('data', chunk => (said = (said + chunk).slice(-SHOWN)));
    child.on('error', error => fail(signal.aborted ? error : refused(path, error.message)));
    child.on('close', code =>
      code === 0 ? settle() : fail(refused(path, `exit code ${code}: ${said.trim().split('\n').at(-1)}`))
    );
  });
}

async function answerOf(path: string, folder: string): Promise<Uint8Array> {
  return readFile(join(folder, 'estimate.safetensors')).catch(() => {
    throw refused(path, 'it wrote no estimate.safetensors');
  });
}

function refused(path: string, why: string): VeilError {
  return new VeilError('bad_request', `Attack ${path} failed (${why}). The audit was not finished.`, 'Correct it.');
}
