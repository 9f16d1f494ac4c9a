import { Value } from '@sinclair/typebox/value';
import { posix } from 'node:path';
import { BatchRequest, VERSION, VeilError } from '../protocol';

/** Where the pods see the claim, or the clone of a snapshot of it. */
export const DATA = '/data';
/** Where they see the claim itself when `/data` is a clone that may only be read. */
export const RESULTS = '/results';

/** A request with everything filled in, its folders as the pods see them. */
export interface Plan {
  name: string;
  claim: string;
  dataset: string;
  format: string | null;
  category: string | null;
  model: string | null;
  alphas: readonly number[];
  sweep: boolean;
  shards: number;
  parallel: number;
  gpus: number;
  cpu: string;
  memory: string;
  image: string;
  group: number | null;
  /** Null: the log alone has the result. */
  results: string | null;
  snapshot: string | null;
  backoffLimit: number;
}

/** The name of a Job is a label too; a shard's pod appends its number to it. */
const LONGEST_NAME = 52;
const SHARDED_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const NAME = /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/;

/** @throws VeilError `bad_request`, `bad_alpha` with what is wrong with it; nothing has been made then */
export function planOf(request: BatchRequest): Plan {
  const [wrong] = Value.Errors(BatchRequest, request);
  if (wrong) {
    const code = /^\/alphas?/.test(wrong.path) ? 'bad_alpha' : 'bad_request';
    throw new VeilError(code, `${wrong.path.slice(1) || 'The request'}: ${wrong.message}. No Job was made.`, '');
  }
  const { name, claim, alpha, alphas, shards = 1, snapshot = null } = request;
  if (name.length > LONGEST_NAME || !(shards > 1 ? SHARDED_NAME : NAME).test(name)) {
    const dots = shards > 1 ? '' : ', dots';
    throw refused(`${name} is no name for a Job`, `At most ${LONGEST_NAME} lower-case letters, digits, hyphens${dots}.`);
  }
  if (claim === '') {
    throw refused('No claim holds the data set', 'Name it by --claim.');
  }
  if (alpha !== undefined && alphas !== undefined) {
    throw refused('A Job is an evaluation at one ALPHA or a sweep over several', 'Say either.');
  }
  const folder = snapshot === null ? DATA : RESULTS;
  const wanted = request.results ?? (shards > 1 ? `veilbook-results/${name}` : null);
  return {
    name,
    claim,
    dataset: inClaim(request.dataset, DATA, 'The data set'),
    format: request.format ?? null,
    category: request.category ?? null,
    model: request.model ?? null,
    alphas: alphas ?? (alpha === undefined ? [] : [alpha]),
    sweep: alphas !== undefined,
    shards,
    parallel: Math.min(shards, request.parallel ?? shards),
    gpus: request.gpus ?? 0,
    cpu: request.cpu ?? '1',
    memory: request.memory ?? '1Gi',
    image: request.image ?? `veilbook:${VERSION}`,
    group: request.group ?? null,
    results: wanted === null ? null : inClaim(wanted, folder, 'The results'),
    snapshot,
    backoffLimit: request.backoff_limit ?? 5
  };
}

/** A folder of the claim as the pods see it; whoever writes /data/ before it means the same. */
function inClaim(path: string, mount: string, what: string): string {
  const relative = path.startsWith('/') ? (within(DATA, path) ?? within(RESULTS, path)) : path;
  const whole = relative === null ? null : posix.join(mount, relative);
  if (whole === null || path === '' || within(mount, whole) === null) {
    throw refused(`${what} at ${path || "''"} would lie outside the claim`, `Name a folder of it, as in ${DATA}/FDDB.`);
  }
  return whole.replace(/\/$/, '');
}

function within(mount: string, path: string): string | null {
  const plain = posix.normalize(path);
  return plain === mount ? '.' : plain.startsWith(`${mount}/`) ? plain.slice(mount.length + 1) : null;
}

const refused = (message: string, remedy: string) => new VeilError('bad_request', `${message}. No Job was made.`, remedy);
