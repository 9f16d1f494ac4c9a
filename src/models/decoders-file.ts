import { type ArtefactContent, type Weights } from './artefact-content';

/** Decoders of the same shapes in one file: `clean/decoder.0.weight`, `0/decoder.0.weight` for the first knot, and so on. */
export function toOneFile({ clean, knots }: ArtefactContent['decoders']): Weights {
  return Object.assign(prefixed('clean', clean), ...knots.map((weights, k) => prefixed(String(k), weights))) as Weights;
}

/**
 * @param knot null: the one trained on clean activations
 * @throws RangeError when it is not there
 */
export function fromOneFile(all: Weights, knot: number | null): Weights {
  const prefix = `${knot ?? 'clean'}/`;
  const own = Object.entries(all).filter(([name]) => name.startsWith(prefix));
  if (own.length === 0) {
    throw new RangeError(`it has no decoder ${prefix.slice(0, -1)}`);
  }
  return Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

function prefixed(prefix: string, weights: Weights): Weights {
  return Object.fromEntries(Object.entries(weights).map(([name, tensor]) => [`${prefix}/${name}`, tensor]));
}
