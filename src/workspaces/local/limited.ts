import { breathe } from './direct';

/** Run `work` on each item, at most `limit` at a time; the first failure stops the rest from starting and is thrown. */
export async function eachLimited<T>(items: Iterable<T>, limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const worker = async () => {
    for (let next = iterator.next(); !next.done && !failed; next = iterator.next()) {
      try {
        await breathe();
        await work(next.value);
      } catch (thrown) {
        failed = true;
        throw thrown;
      }
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: limit }, worker));
  const failure = settled.find(result => result.status === 'rejected');
  if (failure) {
    throw failure.reason;
  }
}
