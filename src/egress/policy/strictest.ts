import { type Policy, type PolicyDestination } from '../../protocol';
import { parseDestination } from './destination';
import { BUILT_IN, type PolicyInForce } from './files';
import { isAt } from './judge';

/** One policy that allows what all files allow, to be shown and to make manifests of; `judge` asks the files themselves. */
export function strictest({ files }: PolicyInForce): Policy {
  return files.map(({ policy }) => policy).reduce(both, BUILT_IN);
}

function both(a: Policy, b: Policy): Policy {
  const most = least([a.looks?.most, b.looks?.most], Math.min);
  const alphaK = least([a.looks?.least_alpha_k, b.looks?.least_alpha_k], Math.max);
  const looks = {
    ...(most === undefined ? {} : { most }),
    ...(alphaK === undefined ? {} : { least_alpha_k: alphaK })
  };
  const models = inBoth(a.model_sha256, b.model_sha256);
  const artefacts = inBoth(a.artefact_sha256, b.artefact_sha256);
  return {
    schema: 1,
    minimum_alpha: Math.max(a.minimum_alpha, b.minimum_alpha),
    ...(a.looks || b.looks ? { looks } : {}),
    destinations: commonDestinations(a.destinations, b.destinations),
    ...(models ? { model_sha256: models } : {}),
    ...(artefacts ? { artefact_sha256: artefacts } : {}),
    clean_egress: [a, b].some(each => each.clean_egress === 'never') ? 'never' : 'by flag',
    tls: [a, b].some(each => each.tls === 'required') ? 'required' : 'where given'
  };
}

function least(values: (number | undefined)[], pick: (...values: number[]) => number): number | undefined {
  const given = values.filter(value => value !== undefined);
  return given.length > 0 ? pick(...given) : undefined;
}

const inBoth = (a: string[] | undefined, b: string[] | undefined): string[] | undefined =>
  a && b ? a.filter(each => b.includes(each)) : (a ?? b);

function commonDestinations(a: Policy['destinations'], b: Policy['destinations']): Policy['destinations'] {
  if (a === 'any' || b === 'any') {
    return a === 'any' ? b : a;
  }
  const pairs = a.flatMap(one => b.filter(other => isAt(other, parseDestination(one.url))).map(other => [one, other] as const));
  return pairs.map(([one, other]): PolicyDestination => {
    const models = inBoth(one.models, other.models);
    return { ...other, ...one, ...(models ? { models } : {}) };
  });
}
