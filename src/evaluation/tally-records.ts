/** How something is kept in a tally: so many bytes each, in one order. */
export interface RecordKind<Item> {
  bytes: number;
  write(view: DataView, at: number, item: Item): void;
  read(view: DataView, at: number): Item;
  /** Negative when `a` comes first. No two records of one section are equal, so the order of any merge is this one. */
  order(a: Item, b: Item): number;
}

/** Records in memory, in the order they came. */
export class RecordBuffer<Item> {
  private bytes: Uint8Array;
  private view: DataView;
  private held = 0;

  constructor(private readonly kind: RecordKind<Item>) {
    this.bytes = new Uint8Array(1024 * kind.bytes);
    this.view = new DataView(this.bytes.buffer);
  }

  get length(): number {
    return this.held;
  }

  push(item: Item): void {
    const { kind } = this;
    if ((this.held + 1) * kind.bytes > this.bytes.length) {
      const larger = new Uint8Array(2 * this.bytes.length);
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    kind.write(this.view, this.held++ * kind.bytes, item);
  }

  /** As a section holds them. */
  sorted(): Uint8Array {
    const { bytes, order, read } = this.kind;
    const items = Array.from({ length: this.held }, (_, i) => read(this.view, i * bytes));
    const places = Uint32Array.from(items.keys()).sort((a, b) => order(items[a], items[b]));
    const sorted = new Uint8Array(places.length * bytes);
    places.forEach((from, to) => sorted.set(this.bytes.subarray(from * bytes, (from + 1) * bytes), to * bytes));
    return sorted;
  }
}
