import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type EvaluationQuestion, VERSION } from '../protocol';
import { Random } from '../numerics/random';
import { evaluationDocument, openShards, ShardFolder, shardName, ShardWriter, type Judged } from './run';
import { TALLIES } from './run/shard-folder';

export interface Simulated {
  shards: number;
  images: number;
  /** Detections that count, in all tallies. */
  detections: number;
  /** Of all tallies. */
  bytes: number;
  average_ap: number;
  /** Opening all tallies and merging them, once. */
  merge_seconds: number;
}

/**
 * Tallies as so many shards leave them, with boxes and scores drawn by chance (seeded, so that every division has the same), and
 * their merge.
 * @param dir an empty folder
 * @param perImage detections of each image, one of which finds its face
 */
export async function simulate(dir: string, shards: number, images: number, perImage: number): Promise<Simulated> {
  let bytes = 0;
  for (let shard = 0; shard < shards; shard++) {
    const place = join(dir, shardName(shard, shards));
    await mkdir(place, { recursive: true });
    const folder = await ShardFolder.open(place, { question, shard, of: shards });
    let writer = new ShardWriter(folder, [null]);
    for (let ordinal = shard; ordinal < images; ordinal += shards) {
      writer.add(FOLD, ordinal, { truth: [FACE] }, judged(ordinal, perImage));
      writer = writer.full ? await writer.flush() : writer;
    }
    await writer.end();
    bytes += (await stat(join(place, TALLIES))).size;
  }
  const begun = performance.now();
  const open = await openShards(dir, 'evaluate');
  const { average_ap } = evaluationDocument(open);
  const merge_seconds = (performance.now() - begun) / 1000;
  const detections = open.files.flatMap(({ header }) => header.sections).reduce((sum, { counted }) => sum + counted, 0);
  open.close();
  return { shards, images, detections, bytes, average_ap: average_ap!, merge_seconds };
}

const FOLD = 'simulated';
const FACE = { x1: 10, y1: 10, x2: 50, y2: 50 };
const ASIDE = { x1: 100, y1: 100, x2: 150, y2: 150 };
const NOTHING = '0'.repeat(64);

const question: EvaluationQuestion = {
  kind: 'evaluate',
  dataset: { name: FOLD, format: 'coco', category: null, sha256: NOTHING, folds: [FOLD] },
  model: { name: FOLD, head_sha256: NOTHING, tail_sha256: NOTHING },
  artefact: null,
  strengths: [{ alpha: null, leakage: null }],
  looks: null,
  version: VERSION
};

function judged(ordinal: number, perImage: number): Judged {
  const random = new Random(1, ordinal);
  const boxes = Array.from({ length: perImage }, (_, at) => ({ ...(at === 0 ? FACE : ASIDE), score: random.bits() / 2 ** 32 }));
  return { answers: [boxes], width: 200, height: 200, device: 'none', versions: {} };
}

/** What is assumed of a data set and of the machines. */
export interface Assumed {
  images: number;
  /** That the evaluation may take. */
  hours: number;
  /** Images a second of one pod. */
  rate: number;
  /** Of a photograph, and of what the label files say of it. */
  imageBytes: number;
  labelBytes: number;
  /** Of each image, that are counted. */
  detections: number;
  /** Bytes a second that the storage gives to all pods together. */
  storage: number;
  /** Of a pod for an hour. */
  price: number;
  /** Bytes, and seconds of one merge, for each detection. */
  tallyBytes: number;
  mergeSeconds: number;
}

/** Each shard reads all labels for the hash, to count them, and to find its own. */
const LABEL_PASSES = 3;
/** The tallies are merged for each fold, and once more for all. */
const MERGES = 2;

/** What an evaluation needs, by arithmetic alone. */
export function plan(assumed: Assumed): Record<string, number> {
  const { images, hours, rate, imageBytes, labelBytes, detections, storage, price, tallyBytes, mergeSeconds } = assumed;
  const shards = Math.ceil(images / (rate * 3600 * hours));
  const labels = images * labelBytes;
  const counted = images * detections;
  return {
    images,
    shards,
    pod_hours: images / rate / 3600,
    price: (images / rate / 3600) * price,
    price_of_a_million_images: (1e6 / rate / 3600) * price,
    photographs_read_GB: (images * imageBytes) / 1e9,
    photographs_read_MB_a_second: (shards * rate * imageBytes) / 1e6,
    hours_that_storage_needs_for_them: (images * imageBytes) / storage / 3600,
    labels_GB: labels / 1e9,
    labels_read_by_all_shards_GB: (LABEL_PASSES * shards * labels) / 1e9,
    hours_that_storage_needs_for_labels: (LABEL_PASSES * shards * labels) / storage / 3600,
    tallies_GB: (counted * tallyBytes) / 1e9,
    tallies_open_at_once: shards,
    hours_of_the_merge: (MERGES * counted * mergeSeconds) / 3600
  };
}
