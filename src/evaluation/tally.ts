import { rank, type ScoredImage } from './average-precision';

/** What a part of a data set under one ALPHA adds up to. */
export interface TallyTotals {
  images: number;
  /** Truth that counts: what is ignored is not among it. */
  truth: number;
  /** Detections that count, and how many of them find a truth. */
  counted: number;
  hits: number;
}

export interface TallySection extends TallyTotals {
  fold: string;
  /** Of the noise; null for runs without. */
  alpha: number | null;
}

/**
 * Bytes of a record: score f32, ordinal of the image u32, index among its counted detections u16, hit u8, 0; little endian.
 */
export const RECORD_BYTES = 12;
const MOST_DETECTIONS = 2 ** 16;
const MOST_IMAGES = 2 ** 32;

/** A counted detection as a record holds it. */
export interface TallyRecord {
  score: number;
  ordinal: number;
  index: number;
  hit: boolean;
}

/**
 * From the lowest rank up. The order of rank is that of `averagePrecision`: score descending, then images in the order of the
 * data set, then detections in that of their image. No two records are equal, so the order of any merge is this one.
 */
export function byRank(a: TallyRecord, b: TallyRecord): number {
  return a.score - b.score || b.ordinal - a.ordinal || b.index - a.index;
}

export function readRecord(view: DataView, at: number): TallyRecord {
  return {
    score: view.getFloat32(at, true),
    ordinal: view.getUint32(at + 4, true),
    index: view.getUint16(at + 8, true),
    hit: view.getUint8(at + 10) === 1
  };
}

/**
 * What average precision needs of some images of one fold under one ALPHA, in memory: 12 bytes a counted detection. Images do
 * not meddle with each other in the matching, so tallies of any division of a data set merge to the tally of the whole.
 */
export class Tally {
  private readonly totals: TallyTotals = { images: 0, truth: 0, counted: 0, hits: 0 };
  private bytes = new Uint8Array(1024 * RECORD_BYTES);
  private view = new DataView(this.bytes.buffer);

  constructor(
    private readonly fold: string,
    private readonly alpha: number | null
  ) {}

  get section(): TallySection {
    return { fold: this.fold, alpha: this.alpha, ...this.totals };
  }

  /** How many detections it holds. */
  get counted(): number {
    return this.totals.counted;
  }

  /**
   * Match one image as `averagePrecision` says and keep what counts. Scores are kept as float32, which is what detectors give.
   * @param ordinal place of the image in the whole data set, from 0
   * @param iou least overlap
   * @throws RangeError as `averagePrecision`, and for more images or detections than a record has numbers for
   */
  add(ordinal: number, image: ScoredImage, iou = 0.5): void {
    const { truth, counted } = rank([image], iou);
    if (counted.length > MOST_DETECTIONS || !(ordinal >= 0 && ordinal < MOST_IMAGES)) {
      throw new RangeError(`Image ${ordinal} with ${counted.length} detections does not fit a tally.`);
    }
    this.totals.images++;
    this.totals.truth += truth[0];
    this.reserve(this.totals.counted + counted.length);
    counted.forEach(({ score, hit }, index) => {
      const at = this.totals.counted++ * RECORD_BYTES;
      this.view.setFloat32(at, score, true);
      this.view.setUint32(at + 4, ordinal, true);
      this.view.setUint16(at + 8, index, true);
      this.view.setUint8(at + 10, hit ? 1 : 0);
      this.totals.hits += hit ? 1 : 0;
    });
  }

  /** Its records from the lowest rank up. */
  sorted(): Uint8Array {
    const records = Array.from({ length: this.totals.counted }, (_, i) => readRecord(this.view, i * RECORD_BYTES));
    const order = Uint32Array.from(records.keys()).sort((a, b) => byRank(records[a], records[b]));
    const sorted = new Uint8Array(order.length * RECORD_BYTES);
    order.forEach((from, to) =>
      sorted.set(this.bytes.subarray(from * RECORD_BYTES, (from + 1) * RECORD_BYTES), to * RECORD_BYTES)
    );
    return sorted;
  }

  private reserve(records: number): void {
    if (records * RECORD_BYTES > this.bytes.length) {
      const larger = new Uint8Array(Math.max(records, 2 * (this.bytes.length / RECORD_BYTES)) * RECORD_BYTES);
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
  }
}
