import { type ObfuscationDocument } from '../protocol';
import { type Matrix } from '../numerics/symmetric';

/** Named float32 arrays, row-major. */
export type Weights = Record<string, { data: Float32Array; shape: readonly number[] }>;

/** Second-order statistics of activation and image, which noise, filters and linear attackers are made from. */
export interface ArtefactStatistics {
  /** Mean activation of each position, [C,H,W]. */
  activation_mean: Float32Array;
  /** What the activation is clamped to before noise, per channel: [C]. */
  activation_low: Float32Array;
  activation_high: Float32Array;
  /** Mean target of each position, [T,H,W], in 0…1. */
  target_mean: Float32Array;
  /** Per radial bin the spectra of the activation [C,C], with the target [C,T], and of the target [T,T]. */
  aa: readonly Matrix[];
  ay: readonly Matrix[];
  yy: readonly Matrix[];
}

/** What the file of a learned obfuscation holds besides its document. */
export interface ArtefactContent extends ArtefactStatistics {
  /** Spectral density of the noise per knot and radial bin, [C,C], in the order of the document's knots. */
  noise: readonly (readonly Matrix[])[];
  /** Weights of the adaptive decoder, src/models/decoder-graph.ts: trained on clean activations, and on each knot's noise. */
  decoders: { clean: Weights; knots: readonly Weights[] };
  /** Per knot the weights of denoiser and tail; null where neither pays: src/models/server-graph.ts. */
  server: readonly (Weights | null)[];
}

/** The document without what writing it adds. */
export type ArtefactDraft = Omit<ObfuscationDocument, 'statistics' | 'decoder' | 'knots'> & {
  knots: Omit<ObfuscationDocument['knots'][number], 'weights'>[];
};
