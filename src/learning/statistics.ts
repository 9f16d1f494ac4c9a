import { TARGETS } from '../evaluation/targets';
import { type ArtefactStatistics } from '../models';
import { type SpectralField } from '../models/spectral-map';
import { hartleyBins } from '../numerics/hartley';
import { type Sample } from './samples';
import { type LearningDevice } from './session';
import { SpectraSum, type Spectra } from './spectra';

/** What is known about activations and images of one kind, and the field they live on. */
export interface Statistics {
  field: SpectralField;
  /** For the artefact. */
  kept: ArtefactStatistics;
  spectra: Spectra;
}

/** Activations in use may leave the range of those that were seen by this share of it before they are clamped. */
const MARGIN = 0.25;

/** Second-order statistics of samples. @param seen is called after each */
export async function statisticsOf(
  samples: readonly Sample[],
  shape: readonly [number, number, number],
  device: LearningDevice,
  seen: () => void
): Promise<Statistics> {
  const sum = await SpectraSum.open(shape, TARGETS, true, device);
  const [channels, height, width] = shape;
  const [low, high] = [new Float32Array(channels).fill(Infinity), new Float32Array(channels).fill(-Infinity)];
  for (const { activation, target } of samples) {
    await sum.add(activation, target);
    for (let c = 0, at = 0; c < channels; c++) {
      for (const end = at + height * width; at < end; at++) {
        low[c] = Math.min(low[c], activation[at]);
        high[c] = Math.max(high[c], activation[at]);
      }
    }
    seen();
  }
  const spectra = await sum.finish();
  const means = sum.means();
  const { aa, ay, yy } = spectra;
  return {
    field: { shape, bins: hartleyBins(spectra.bins) },
    kept: {
      activation_mean: means.a,
      activation_low: low.map((least, c) => least - MARGIN * (high[c] - least)),
      activation_high: high.map((most, c) => most + MARGIN * (most - low[c])),
      target_mean: means.y,
      aa,
      ay,
      yy
    },
    spectra
  };
}
