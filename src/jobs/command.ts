import { type V1EnvVar } from '@kubernetes/client-node';
import { type Plan } from './plan';

/** The report's program; in the image it hands everything to `veilbook evaluate`. */
const ALIAS = ['python3', 'run-accuracy-measurement.py'];

interface Line {
  command: string[];
  env: V1EnvVar[];
}

/** By which the marks of this Job in a folder are told from an earlier one's. */
const OWN: V1EnvVar = {
  name: 'VEILBOOK_JOB',
  valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']" } }
};

/**
 * What the pods of a Job run. Without a folder for results, one evaluation is the report's own line and writes to its log alone;
 * with one, `veilbook job run` keeps what is done there, and whichever shard is the last one done merges them.
 */
export function commandOf(plan: Plan): Line {
  const { dataset, format, category, model, alphas, sweep, shards, results } = plan;
  const variable = sweep ? 'ALPHAS' : 'ALPHA';
  const env: V1EnvVar[] = alphas.length === 0 ? [] : [{ name: variable, value: alphas.join(',') }];
  const strength = sweep ? ['--alphas', `$(${variable})`] : env.length > 0 ? ['--alpha', `$(${variable})`, '--noisy'] : [];
  const asked = [
    '--dataset',
    literal(dataset),
    ...strength,
    ...(format === null ? [] : ['--format', literal(format)]),
    ...(category === null ? [] : ['--category', literal(category)]),
    ...(model === null ? [] : ['--model', literal(model)])
  ];
  if (results === null) {
    return { command: [...(sweep ? ['veilbook', 'sweep'] : ALIAS), ...asked], env };
  }
  const keep = ['veilbook', 'job', 'run', '--results', literal(results), '--shards', String(shards)];
  return { command: [...keep, '--', sweep ? 'sweep' : 'evaluate', ...asked], env: [...env, OWN] };
}

/** Kubernetes puts the value of a variable in the place of $(NAME), and a dollar in the place of two. */
const literal = (text: string): string => text.replaceAll('$', '$$$$');
