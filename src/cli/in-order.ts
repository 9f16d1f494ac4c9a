import { availableParallelism } from 'node:os';
import { VeilError } from '../protocol';

export type Settled<T, R> = { item: T; outcome: R; error: null } | { item: T; outcome: null; error: VeilError };

/** How many items are under way at once: enough to keep every compute worker busy while the next file is read. */
const IN_FLIGHT = Math.max(4, Math.ceil(availableParallelism() / 4) + 1);

/** Run `work` on each item, several at a time, and give the outcomes in the order of the items, which are taken as they are needed. */
export async function* inOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<R>,
  inFlight = IN_FLIGHT
): AsyncGenerator<Settled<T, R>> {
  const settle = (item: T): Promise<Settled<T, R>> =>
    work(item).then(
      outcome => ({ item, outcome, error: null }),
      thrown => ({ item, outcome: null, error: VeilError.from(thrown) })
    );
  const underWay: Promise<Settled<T, R>>[] = [];
  for await (const item of items) {
    if (underWay.length >= inFlight) {
      yield await underWay.shift()!;
    }
    underWay.push(settle(item));
  }
  for (const pending of underWay) {
    yield await pending;
  }
}
