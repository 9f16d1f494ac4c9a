import { type Command, InvalidArgumentError, Option } from 'commander';
import { type BatchRequest, VeilError } from '../protocol';

/** What `manifest` and `submit` ask alike. */
export interface JobFlags {
  name: string;
  namespace?: string;
  claim: string;
  dataset: string;
  format?: string;
  category?: string;
  model?: string;
  noisy?: boolean;
  alpha?: number;
  alphas?: number[];
  shards?: number;
  parallel?: number;
  gpus?: number;
  cpu?: string;
  memory?: string;
  image?: string;
  group?: number;
  results?: string;
  snapshot?: string;
  backoffLimit?: number;
  json?: boolean;
}

export function withRequest(command: Command): Command {
  return command
    .requiredOption('--name <name>', 'of the Job')
    .option('--namespace <namespace>', 'default: of the kubeconfig’s context')
    .requiredOption('--claim <claim>', 'the PersistentVolumeClaim with the data set; the pods see it at /data')
    .requiredOption('--dataset <folder>', 'where in it the data set is, as in /data/FDDB')
    .option('--format <format>', 'default: what the folder looks like')
    .option('--category <name>', 'the one that counts, where labels have names')
    .option('--model <model>', 'a name, or a folder of the claim as in /data/mymodel (default: the bundled model)')
    .option('--noisy', 'evaluate noisy runs, at --alpha')
    .addOption(new Option('--alpha <number>', 'noise strength, needed by --noisy').argParser(alpha))
    .addOption(new Option('--alphas <list>', 'a sweep over several').argParser(alphas).conflicts(['alpha', 'noisy']))
    .addOption(new Option('--shards <n>', 'so many pods, each with its part of the images (default: 1)').argParser(whole(1)))
    .addOption(new Option('--parallel <n>', 'so many of them at a time (default: all)').argParser(whole(1)))
    .addOption(new Option('--gpus <n>', 'nvidia.com/gpu of each pod (default: 0)').argParser(whole(0)))
    .option('--cpu <quantity>', 'processors that each pod requests (default: 1)')
    .option('--memory <quantity>', 'memory that each pod requests (default: 1Gi)')
    .option('--image <image>', 'default: veilbook with this version')
    .addOption(new Option('--group <gid>', 'a group that may write to the claim, as fsGroup').argParser(whole(1)))
    .option('--results <folder>', 'a folder of the claim that keeps what is done (default with shards: veilbook-results/NAME)')
    .option('--snapshot <id>', 'read what this VolumeSnapshot holds, or the latest')
    .addOption(new Option('--backoff-limit <n>', 'how often each shard may fail (default: 5)').argParser(whole(0)))
    .option('--json', 'print one JSON document');
}

/** @throws VeilError `bad_alpha` for half of a noisy run: neither a clean one nor one of unknown strength is made of it */
export function requestOf(flags: JobFlags): BatchRequest {
  const { name, claim, dataset, format, category, model, noisy = false, alpha, alphas } = flags;
  const { shards, parallel, gpus, cpu, memory, image, group, results, snapshot, backoffLimit: backoff_limit } = flags;
  if (noisy && alpha === undefined) {
    throw new VeilError('bad_alpha', '--noisy has no ALPHA. No Job was made.', 'Say how strong the noise is: --alpha 0.8.');
  }
  if (!noisy && alpha !== undefined) {
    throw new VeilError('bad_alpha', '--alpha belongs to a noisy run, this is a clean one. No Job was made.', 'Add --noisy.');
  }
  const where = { name, claim, dataset, format, category, model, alpha, alphas };
  const how = { shards, parallel, gpus, cpu, memory, image, group, results, snapshot, backoff_limit };
  return { ...where, ...how };
}

function alpha(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!(value > 0 && value < 1)) {
    throw new InvalidArgumentError('It must be a number between 0 and 1, as in 0.8.');
  }
  return value;
}

const alphas = (text: string): number[] => [...new Set(text.split(',').map(alpha))].sort((a, b) => a - b);

export function whole(least: number): (text: string) => number {
  return text => {
    if (!/^\d{1,9}$/.test(text) || Number(text) < least) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} on.`);
    }
    return Number(text);
  };
}
