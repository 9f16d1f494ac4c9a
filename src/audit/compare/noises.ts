import { noiseSpectrumAt, serverGraphAt } from '../../models';
import { cloakLadder } from '../../learning/cloak';
import { type NoiseSpectrum } from '../../learning/leakage';
import { NoisyView } from '../../learning/noisy-view';
import { networkOf } from '../../learning/server-side';
import { type Subject } from '../../learning/comparison/subject';
import { type Normals } from '../../learning/normals';
import { type Statistics } from '../../learning/statistics';
import { identity, type Matrix } from '../../numerics/symmetric';
import { type Method, type Setting, type Veil } from './method';

/** Strengths of white noise: its deviation as a share of the activation's. */
export const WHITE_RANGE: [number, number] = [0.01, 10];
/** The weight of Cloak's loss at which its shape is learned; the strength scales it. */
const CLOAK_WEIGHT = 0.5;

export const gaussian: Method = {
  title: 'Gaussian noise, white, one scale',
  unit: 'deviation / that of the activation',
  range: WHITE_RANGE,
  open: (setting, strength) => stationary(setting, white(setting.statistics, strength))
};

/**
 * Laplace noise of the same power, drawn for each value alone. The filters know its spectrum, which says all about it to
 * whoever is linear; the decoder is trained on draws of it.
 */
export const laplace: Method = {
  title: 'Laplace noise, white, one scale',
  unit: 'deviation / that of the activation',
  range: WHITE_RANGE,
  open: async (setting, strength) => {
    const scale = (strength * deviationOf(setting.statistics)) / Math.SQRT2;
    const veil = await stationary(setting, white(setting.statistics, strength));
    return {
      ...veil,
      send: async ({ activation }, normals) => {
        const noise = laplacian(normals, activation.length);
        return activation.map((value, i) => value + scale * noise[i]);
      }
    };
  }
};

/** One deviation for each channel, learned as the report's product describes it. */
export const cloak: Method = {
  title: 'Cloak: one learned deviation a channel',
  unit: 'of the shape learned at weight 0.5',
  range: [0.01, 10],
  open: async (setting, strength) => {
    const shape = await cloakShape(setting);
    return stationary(
      setting,
      shape.map(matrix => matrix.map(value => strength ** 2 * value))
    );
  }
};

/** The model's own obfuscation, with no more of a server's side than the other noises have. */
export const ours: Method = {
  title: 'Veilbook, filter alone',
  unit: 'ALPHA',
  range: [0, 1],
  linear: true,
  open: (setting, alpha) => stationary(setting, noiseSpectrumAt(setting.obfuscation, alpha))
};

export const oursServed: Method = {
  ...ours,
  title: "Veilbook, with the artefact's server side",
  open: async (setting, alpha) => {
    const { model, obfuscation } = setting;
    const veil = await ours.open(setting, alpha);
    return { ...veil, server: await serverGraphAt({ ...model, obfuscation }, alpha) };
  }
};

/** Gaussian noise of a spectrum, drawn anew for each photograph; the server filters it, as it may with any noise. */
export async function stationary({ subject: { pass }, statistics }: Setting, S: NoiseSpectrum): Promise<Veil> {
  const view = await NoisyView.open(statistics, S, pass.device);
  return {
    send: async (sample, normals) => (await view.see([sample], normals)).data,
    server: networkOf(pass.tail, statistics, S, null),
    attacker: { undo: async z => z, noise: S, statistics },
    release: () => view.release()
  };
}

/** S = (strength times the activation's deviation)^2 in every direction and bin. */
export function white(statistics: Statistics, strength: number): Matrix[] {
  const { aa, channels } = statistics.spectra;
  const power = (strength * deviationOf(statistics)) ** 2;
  return aa.map(() => identity(channels).map(value => power * value));
}

/** Root mean square over channels and frequencies of the activation around its mean. */
function deviationOf({ spectra: { aa, bins, channels } }: Statistics): number {
  let [power, count] = [0, 0];
  aa.forEach((matrix, bin) => {
    for (let c = 0; c < channels; c++) {
      power += bins.counts[bin] * matrix[c * (channels + 1)];
    }
    count += bins.counts[bin] * channels;
  });
  return Math.sqrt(power / count);
}

/** Values of density exp(-|x|)/2: half the sum of two squared normal values is exponential, and so a difference Laplace. */
export function laplacian(normals: Normals, count: number): Float32Array {
  const g = normals.take(4 * count);
  return Float32Array.from(
    { length: count },
    (_, i) => (g[4 * i] ** 2 + g[4 * i + 1] ** 2 - g[4 * i + 2] ** 2 - g[4 * i + 3] ** 2) / 2
  );
}

const shapes = new WeakMap<Subject, Promise<Matrix[]>>();

/** Learned once for all strengths. */
function cloakShape({ subject, statistics }: Setting): Promise<Matrix[]> {
  const learn = async () => {
    const question = { ...subject.pass.question, mode: 'cloak' as const, alphas: [CLOAK_WEIGHT] };
    return (await cloakLadder({ ...subject.pass, question }, statistics))[1];
  };
  const shape = shapes.get(subject) ?? learn();
  shapes.set(subject, shape);
  return shape;
}
