/** What an attack opens for the mean of so many tensors, when it is first asked for. */
export class PerLooks<T extends { release(): Promise<void> }> {
  private readonly opened = new Map<number, Promise<T>>();

  constructor(private readonly open: (looks: number) => Promise<T>) {}

  at(looks: number): Promise<T> {
    const found = this.opened.get(looks) ?? this.open(looks);
    this.opened.set(looks, found);
    return found;
  }

  async release(): Promise<void> {
    for (const one of this.opened.values()) {
      await (await one).release();
    }
  }
}
