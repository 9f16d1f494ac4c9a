/**
 * The numbers in `status.completedIndexes` or `failedIndexes` of a Job, as in "0-3,7" (Kubernetes, batch/v1 JobStatus).
 */
export function indexesIn(text: string | undefined): Set<number> {
  const ranges = (text ?? '').split(',').filter(part => part !== '');
  return new Set(
    ranges.flatMap(range => {
      const [first, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, at) => first + at);
    })
  );
}
