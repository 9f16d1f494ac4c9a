import type { BatchJob, BatchRequest } from '../protocol';

export type JobKind = 'clean' | 'noisy' | 'sweep';

/** A Job as it stands in the form: what was typed. */
export interface JobDraft {
  /** '' while the proposed one is meant. */
  name: string;
  claim: string;
  dataset: string;
  kind: JobKind;
  alpha: string;
  alphas: string;
  shards: string;
  gpus: string;
  model: string;
  format: string;
  category: string;
  snapshot: string;
  image: string;
  parallel: string;
  cpu: string;
  memory: string;
  group: string;
  results: string;
  backoff: string;
}

const EMPTY: JobDraft = {
  name: '',
  claim: '',
  dataset: '',
  kind: 'clean',
  alpha: '0.8',
  alphas: '0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95',
  shards: '1',
  gpus: '0',
  model: '',
  format: '',
  category: '',
  snapshot: '',
  image: '',
  parallel: '',
  cpu: '',
  memory: '',
  group: '',
  results: '',
  backoff: ''
};

/** What `src/jobs` takes as a name of a Job with shards, and so of every one. */
export const NAME_PATTERN = '[a-z0-9]([a-z0-9\\-]*[a-z0-9])?';
export const LONGEST_NAME = 52;
/** Numbers between 0 and 1, with commas or spaces between them. */
export const ALPHAS_PATTERN = '\\s*0?\\.[0-9]*[1-9][0-9]*([\\s,;]+0?\\.[0-9]*[1-9][0-9]*)*[\\s,;]*';

/** A form to begin with: a request that was refused as it was, else claim, image and the like of the last Job. */
export function draftOf(refused: BatchRequest | null, jobs: readonly BatchJob[]): JobDraft {
  const last = jobs.find(({ request }) => request !== null)?.request;
  if (refused) {
    return { ...typed(refused), name: refused.name };
  }
  if (!last) {
    return EMPTY;
  }
  const { claim, dataset, gpus, model, format, category, image, cpu, memory, group } = typed(last);
  return { ...EMPTY, claim, dataset, gpus, model, format, category, image, cpu, memory, group };
}

function typed(request: BatchRequest): JobDraft {
  const text = (value: string | number | undefined) => (value === undefined ? '' : String(value));
  const { claim, dataset, alpha, alphas } = request;
  return {
    name: '',
    claim,
    dataset,
    kind: alphas ? 'sweep' : alpha === undefined ? 'clean' : 'noisy',
    alpha: alpha === undefined ? EMPTY.alpha : text(alpha),
    alphas: alphas?.join(', ') ?? EMPTY.alphas,
    shards: text(request.shards ?? 1),
    gpus: text(request.gpus ?? 0),
    model: text(request.model),
    format: text(request.format),
    category: text(request.category),
    snapshot: text(request.snapshot),
    image: text(request.image),
    parallel: text(request.parallel),
    cpu: text(request.cpu),
    memory: text(request.memory),
    group: text(request.group),
    results: text(request.results),
    backoff: text(request.backoff_limit)
  };
}

/** A name that says what the Job is, and that no known Job has. */
export function proposedName({ dataset, kind, alpha }: JobDraft, jobs: readonly BatchJob[]): string {
  const how = kind === 'noisy' ? `alpha-${alpha}` : kind;
  const folder = dataset.split('/').filter(Boolean).at(-1) ?? '';
  const plain = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '');
  const base = plain(`${plain(folder).slice(0, 30) || 'veilbook'}-${how}`);
  const taken = new Set(jobs.map(({ name }) => name));
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!taken.has(name)) {
      return name;
    }
  }
}

/** What is asked for. The form has seen to it that numbers are numbers; everything else is the server's to judge. */
export function requestOf(draft: JobDraft, jobs: readonly BatchJob[]): BatchRequest {
  const { kind, claim, dataset } = draft;
  const number = (text: string) => (text.trim() === '' ? undefined : Number(text));
  const text = (value: string) => value.trim() || undefined;
  const request: BatchRequest = {
    name: text(draft.name) ?? proposedName(draft, jobs),
    claim: claim.trim(),
    dataset: dataset.trim(),
    alpha: kind === 'noisy' ? number(draft.alpha) : undefined,
    alphas: kind === 'sweep' ? numbersIn(draft.alphas) : undefined,
    shards: number(draft.shards),
    gpus: number(draft.gpus),
    model: text(draft.model),
    format: text(draft.format),
    category: text(draft.category),
    snapshot: text(draft.snapshot),
    image: text(draft.image),
    parallel: number(draft.parallel),
    cpu: text(draft.cpu),
    memory: text(draft.memory),
    group: number(draft.group),
    results: text(draft.results),
    backoff_limit: number(draft.backoff)
  };
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as BatchRequest;
}

/** Ascending, each once. */
function numbersIn(list: string): number[] {
  const numbers = list
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map(Number);
  return [...new Set(numbers)].sort((a, b) => a - b);
}
