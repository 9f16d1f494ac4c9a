import { rank, type ScoredImage } from './average-precision';
import { rocEvents, type EllipseImage, type RocEvent } from './fddb-roc';
import { RecordBuffer, type RecordKind } from './tally-records';

/** What a part of a data set under one ALPHA adds up to. */
export interface TallyTotals {
  images: number;
  /** Truth that counts: what is ignored is not among it. */
  truth: number;
  /** Detections that count, and how many of them find a truth. */
  counted: number;
  hits: number;
  /** Records of FDDB's curves; 0 where none are kept. */
  steps: number;
}

export interface TallySection extends TallyTotals {
  fold: string;
  /** Of the noise; null for runs without. */
  alpha: number | null;
}

/** A counted detection. */
export interface CountedDetection {
  score: number;
  /** Place of its image in the whole data set, from 0. */
  ordinal: number;
  /** Place among the counted detections of its image. */
  index: number;
  hit: boolean;
}

/**
 * Score f32, ordinal u32, index u16, hit u8, 0; little endian. From the lowest rank up, where rank is that of
 * `averagePrecision`: score descending, then images in the order of the data set, then detections in that of their image.
 */
export const COUNTED: RecordKind<CountedDetection> = {
  bytes: 12,
  write(view, at, { score, ordinal, index, hit }) {
    view.setFloat32(at, score, true);
    view.setUint32(at + 4, ordinal, true);
    view.setUint16(at + 8, index, true);
    view.setUint8(at + 10, hit ? 1 : 0);
  },
  read: (view, at) => ({
    score: view.getFloat32(at, true),
    ordinal: view.getUint32(at + 4, true),
    index: view.getUint16(at + 8, true),
    hit: view.getUint8(at + 10) === 1
  }),
  order: (a, b) => a.score - b.score || b.ordinal - a.ordinal || b.index - a.index
};

/** What one image adds to FDDB's curves when the threshold falls to a score. */
export interface RocStep extends RocEvent {
  ordinal: number;
}

/** Score f32, ordinal u32, overlap f64, true and false positives i16; by descending score, then by image. */
export const STEPS: RecordKind<RocStep> = {
  bytes: 20,
  write(view, at, { score, ordinal, overlap, truePositives, falsePositives }) {
    view.setFloat32(at, score, true);
    view.setUint32(at + 4, ordinal, true);
    view.setFloat64(at + 8, overlap, true);
    view.setInt16(at + 16, truePositives, true);
    view.setInt16(at + 18, falsePositives, true);
  },
  read: (view, at) => ({
    score: view.getFloat32(at, true),
    ordinal: view.getUint32(at + 4, true),
    overlap: view.getFloat64(at + 8, true),
    truePositives: view.getInt16(at + 16, true),
    falsePositives: view.getInt16(at + 18, true)
  }),
  order: (a, b) => b.score - a.score || a.ordinal - b.ordinal
};

/** Below what the records have numbers for. */
const MOST_DETECTIONS = 2 ** 15;
const MOST_IMAGES = 2 ** 32;

/**
 * What average precision needs of some images of one fold under one ALPHA, in memory: 12 bytes a counted detection. Images do
 * not meddle with each other in the matching, so tallies of any division of a data set merge to the tally of the whole.
 */
export class Tally {
  private readonly totals = { images: 0, truth: 0, hits: 0 };
  private readonly counted = new RecordBuffer(COUNTED);
  private readonly steps = new RecordBuffer(STEPS);

  constructor(
    private readonly fold: string,
    private readonly alpha: number | null
  ) {}

  get section(): TallySection {
    return { fold: this.fold, alpha: this.alpha, ...this.totals, counted: this.counted.length, steps: this.steps.length };
  }

  /** How many records it holds. */
  get size(): number {
    return this.counted.length + this.steps.length;
  }

  /**
   * Match one image as `averagePrecision` says and keep what counts. Scores are kept as float32, which is what detectors give.
   * @param ordinal place of the image in the whole data set, from 0
   * @param iou least overlap
   * @throws RangeError as `averagePrecision`, and for more images or detections than a record has numbers for
   */
  add(ordinal: number, image: ScoredImage, iou = 0.5): void {
    if (image.detections.length >= MOST_DETECTIONS || !(ordinal >= 0 && ordinal < MOST_IMAGES)) {
      throw new RangeError(`Image ${ordinal} with ${image.detections.length} detections does not fit a tally.`);
    }
    const { truth, counted } = rank([image], iou);
    this.totals.images++;
    this.totals.truth += truth[0];
    counted.forEach(({ score, hit }, index) => {
      this.counted.push({ score, ordinal, index, hit });
      this.totals.hits += hit ? 1 : 0;
    });
  }

  /** Keep what FDDB's curves need of an image that was added. */
  addSteps(ordinal: number, image: EllipseImage): void {
    rocEvents(image).forEach(event => this.steps.push({ ...event, ordinal }));
  }

  /** Its records, detections first. */
  *sorted(): Generator<Uint8Array> {
    yield this.counted.sorted();
    yield this.steps.sorted();
  }
}
