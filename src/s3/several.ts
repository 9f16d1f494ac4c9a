/**
 * Do the same with each item, so many at a time; items are taken as they are needed. The first error ends it: nothing more is
 * begun, and what was begun is waited for.
 */
export async function several<T>(
  items: Iterable<T> | AsyncIterable<T>,
  atOnce: number,
  work: (item: T) => Promise<void>
): Promise<void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let over = false;
  const lane = async () => {
    while (!over) {
      const next = await iterator.next();
      if (next.done || over) {
        break;
      }
      await work(next.value);
    }
  };
  const lanes = Array.from({ length: atOnce }, () =>
    lane().catch((error: unknown) => {
      over = true;
      throw error;
    })
  );
  const failed = (await Promise.allSettled(lanes)).find(({ status }) => status === 'rejected');
  if (failed) {
    throw (failed as PromiseRejectedResult).reason;
  }
}
