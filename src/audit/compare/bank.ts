import { noNoise } from '../../learning/leakage';
import { Normals } from '../../learning/normals';
import { LearningSession } from '../../learning/session';
import { filterGraph } from '../../models/server-graph';
import { trace } from '../../numerics/matrix';
import { combine, eigenSymmetric, identity, spectralMap } from '../../numerics/symmetric';
import { type Method } from './method';
import { stationary, white, WHITE_RANGE } from './noises';

/** Tensors in the bank; Shredder's experiments draw from a collection of trained ones. */
const TENSORS = 20;
/** Directions without signal weigh as if they had this share of the mean. */
const RIDGE = 1e-3;

/**
 * A fixed bank of noise tensors, one of which is drawn for each photograph (as Shredder, Mireshghallah et al., ASPLOS 2020,
 * draws from a distribution of trained tensors at inference). Here they are sampled: how they were found makes no difference
 * to an attacker who has the bank. He subtracts each in turn, keeps what is likeliest as an activation, and has no noise
 * before him. The server is not given the bank: with it, it could do the same.
 */
export const bank: Method = {
  title: 'Bank of 20 fixed noise tensors',
  unit: 'deviation / that of the activation',
  range: WHITE_RANGE,
  open: async (setting, strength) => {
    const { statistics, subject } = setting;
    const { pass } = subject;
    const { field, kept, spectra } = statistics;
    const S = white(statistics, strength);
    const [scale, size] = [Math.sqrt(S[0][0]), field.shape.reduce((product, n) => product * n, 1)];
    const normals = await Normals.open(pass.question.seed, 'bank');
    const tensors = Array.from({ length: TENSORS }, () => normals.take(size).map(value => scale * value));
    const whitening = spectra.aa.map(aa => {
      const ridge = (RIDGE * trace(aa, spectra.channels)) / spectra.channels;
      const lifted = combine(1, aa, ridge, identity(spectra.channels));
      return spectralMap(eigenSymmetric(lifted, spectra.channels), value => 1 / Math.sqrt(value));
    });
    const matrices = { ...field, mean: kept.activation_mean.map(() => 0), matrices: whitening };
    const session = await LearningSession.open(filterGraph(matrices), pass.device);
    const whiten = async (values: Float32Array) =>
      (await session.run({ noisy: { data: values, dims: [1, ...field.shape] } })).activation.data;
    // Whitening is linear: the tensors of the bank need it once.
    const whitened: Float32Array[] = [];
    for (const tensor of tensors) {
      whitened.push(await whiten(tensor));
    }
    let draws = 0;
    const noise = await stationary(setting, S);
    return {
      // In turn: as good as at random for whoever does not know which, and the same in every run.
      send: async ({ activation }) => {
        const tensor = tensors[draws++ % TENSORS];
        return activation.map((value, i) => value + tensor[i]);
      },
      server: noise.server,
      attacker: {
        undo: async z => {
          const w = await whiten(z.map((value, i) => value - kept.activation_mean[i]));
          const energies = whitened.map(n => energy(w, n));
          const tensor = tensors[energies.indexOf(Math.min(...energies))];
          return z.map((value, i) => value - tensor[i]);
        },
        noise: noNoise(spectra),
        statistics
      },
      release: async () => {
        await Promise.all([session.release(), noise.release()]);
      }
    };
  }
};

/** Of what is left of a whitened tensor without one of the bank. */
function energy(z: Float32Array, n: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < z.length; i++) {
    sum += (z[i] - n[i]) ** 2;
  }
  return sum;
}
