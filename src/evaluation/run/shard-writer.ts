import { type Detection } from '../../protocol';
import { type BadRecord, type LabelledPhotograph } from '../datasets';
import { Tally } from '../tally';
import { TOLD_RECORDS } from '../tally-merge';
import { type ShardFolder } from './shard-folder';

/** A block is written after so long, or with so many records, whichever comes first: what a killed process loses. */
const BLOCK_MS = 10_000;
const BLOCK_RECORDS = 2 ** 18;

/** What a run says of one image. */
export interface Judged {
  /** For each strength of the question, in its order. */
  answers: readonly (readonly Detection[])[];
  /** Of the photograph, pixels. */
  width: number;
  height: number;
  device: string;
  versions: Record<string, string>;
}

/** Takes images in the order of their ordinals and writes their tallies in blocks; in memory is the block at hand. */
export class ShardWriter {
  private readonly tallies = new Map<string, Tally[]>();
  private readonly bad = new Map<string, number>();
  private readonly badRecords: (BadRecord & { ordinal: number })[] = [];
  private readonly devices = new Set<string>();
  private versions: Record<string, string> = {};
  private readonly from: number;
  private to: number;
  private begun: number;

  /** @param alphas of the question, null for clean; @param since when its first image was begun, `performance.now()` */
  constructor(
    private readonly folder: ShardFolder,
    private readonly alphas: readonly (number | null)[],
    since = performance.now()
  ) {
    this.from = this.to = folder.next;
    this.begun = since;
  }

  /** Whether it is time to write. */
  get full(): boolean {
    const records = [...this.tallies.values()].flat().reduce((sum, tally) => sum + tally.size, 0);
    return performance.now() - this.begun >= BLOCK_MS || records >= BLOCK_RECORDS;
  }

  add(fold: string, ordinal: number, { truth, ellipses }: Pick<LabelledPhotograph, 'truth' | 'ellipses'>, judged: Judged): void {
    const { answers, width, height, device, versions } = judged;
    let tallies = this.tallies.get(fold);
    if (!tallies) {
      tallies = this.alphas.map(alpha => new Tally(fold, alpha));
      this.tallies.set(fold, tallies);
    }
    tallies.forEach((tally, i) => {
      const detections = answers[i];
      tally.add(ordinal, { truth, detections });
      if (ellipses) {
        tally.addSteps(ordinal, { ellipses, detections, width, height });
      }
    });
    this.devices.add(device);
    this.versions = versions;
    this.to = ordinal + 1;
  }

  addBad(fold: string, ordinal: number, record: BadRecord): void {
    this.bad.set(fold, (this.bad.get(fold) ?? 0) + 1);
    if (this.badRecords.length < TOLD_RECORDS) {
      this.badRecords.push({ ordinal, ...record });
    }
    this.to = ordinal + 1;
  }

  /**
   * Write what it holds.
   * @returns the writer of the next block
   * @throws VeilError `output_unwritable`
   */
  async flush(): Promise<ShardWriter> {
    return this.to > this.from ? this.write() : this;
  }

  /** Write the last block and close the shard. @throws VeilError `output_unwritable` */
  async end(): Promise<void> {
    // A shard without any image has a block too: one that says so.
    await (this.folder.next === 0 ? this.write() : this.flush());
    await this.folder.finish();
  }

  private async write(): Promise<ShardWriter> {
    const now = performance.now();
    const tallies = [...this.tallies.values()].flat();
    await this.folder.append(
      {
        schema: 1,
        from: this.from,
        to: this.to,
        seconds: (now - this.begun) / 1000,
        devices: [...this.devices],
        versions: this.versions,
        sections: tallies.map(({ section }) => section),
        bad: [...this.bad].map(([fold, count]) => ({ fold, count })),
        bad_records: this.badRecords
      },
      sortedEach(tallies)
    );
    return new ShardWriter(this.folder, this.alphas, now);
  }
}

function* sortedEach(tallies: readonly Tally[]): Generator<Uint8Array> {
  for (const tally of tallies) {
    yield* tally.sorted();
  }
}
