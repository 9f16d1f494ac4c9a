/** The last few values that take long to make, by their key; what falls out is released. */
export class Recent<Key, Value> {
  private readonly kept = new Map<Key, Value>();

  constructor(
    private size: number,
    private readonly make: (key: Key) => Value | Promise<Value>,
    private readonly release: (value: Value) => void | Promise<void> = () => undefined
  ) {}

  /** Not for two calls at once: both would make the value. */
  async get(key: Key): Promise<Value> {
    const known = this.kept.has(key);
    const value = known ? (this.kept.get(key) as Value) : await this.make(key);
    this.kept.delete(key);
    this.kept.set(key, value);
    for (const [oldest, old] of this.kept) {
      if (this.kept.size <= this.size) {
        break;
      }
      this.kept.delete(oldest);
      await this.release(old);
    }
    return value;
  }

  /** Keep at least so many from now on. */
  keep(size: number): void {
    this.size = Math.max(this.size, size);
  }

  async clear(): Promise<void> {
    const values = [...this.kept.values()];
    this.kept.clear();
    await Promise.all(values.map(value => this.release(value)));
  }
}
