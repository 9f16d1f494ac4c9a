import { type V1Job, type V1Pod } from '@kubernetes/client-node';
import { indexesIn } from './indexes';
import { averageIn, closingIn, documentIn, linesOf, progressIn } from './log-lines';
import { jobFor } from './manifest';
import { viewOf } from './view';

const request = { name: 'fddb', claim: 'inference-data', dataset: 'FDDB', shards: 4 };
const job = (status: V1Job['status']): V1Job => ({
  ...jobFor(request),
  metadata: { ...jobFor(request).metadata, namespace: 'inference', creationTimestamp: new Date(0) },
  status
});
const pod = (shard: number, status: V1Pod['status']): V1Pod => ({
  metadata: { name: `fddb-${shard}-x`, annotations: { 'batch.kubernetes.io/job-completion-index': String(shard) } },
  status
});
const ended = (exitCode: number, message: string): V1Pod['status'] => ({
  phase: exitCode === 0 ? 'Succeeded' : 'Failed',
  containerStatuses: [
    { name: 'inference', image: '', imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode, message } } }
  ]
});

describe('what is seen of a Job', () => {
  it('is one share over all shards: those that are done, and what the others said last', () => {
    const pods = [pod(2, { phase: 'Running' }), pod(3, { phase: 'Pending' })];
    const view = viewOf(job({ completedIndexes: '0-1' }), pods, new Map([[2, { done: 30, total: 60 }]]));
    expect(view.shards.map(({ state }) => state)).toEqual(['complete', 'complete', 'running', 'pending']);
    expect(view.share).toBe(2.5 / 4);
    expect(view).toMatchObject({ state: 'running', results: 'inference-data:veilbook-results/fddb' });
  });

  it('names the shard that failed, its exit code, and why in its own words', () => {
    const failed = { type: 'Failed', status: 'True', message: 'Job has failed indexes', lastTransitionTime: new Date(5000) };
    const pods = [pod(1, ended(4, 'veilbook: progress 3/60\nveilbook: There is no model x.\n'))];
    const view = viewOf(job({ completedIndexes: '0,2,3', failedIndexes: '1', conditions: [failed] }), pods);
    expect(view).toMatchObject({ state: 'failed', message: 'Job has failed indexes', finished: '1970-01-01T00:00:05.000Z' });
    expect(view.shards[1]).toMatchObject({ state: 'failed', exit_code: 4, reason: 'There is no model x.' });
    expect(view.shards[0]).toMatchObject({ state: 'complete', exit_code: null, reason: null });
  });

  it('is poorer, not wrong, where somebody changed what is noted on it', () => {
    const changed = job({});
    changed.metadata!.annotations!['veilbook.dev/request'] = '{"name": 7}';
    expect(viewOf(changed, [])).toMatchObject({ request: null, results: null, state: 'pending' });
  });
});

describe('what Kubernetes says of indexes', () => {
  it.each([
    ['', []],
    [undefined, []],
    ['0', [0]],
    ['1,3-5,7', [1, 3, 4, 5, 7]]
  ])('%j is %j', (text, numbers) => {
    expect([...indexesIn(text)]).toEqual(numbers);
  });
});

describe('the log of a pod', () => {
  const log = linesOf(
    [
      '2026-01-01T00:00:00.1Z veilbook: progress 10/89',
      '2026-01-01T00:00:02.1Z veilbook: progress 80/89',
      '2026-01-01T00:00:03.1Z FDDB-fold-1 Val AP: 0.9491256561145955',
      '2026-01-01T00:00:03.2Z FDDB Dataset Average AP: 0.9337148153739079',
      '2026-01-01T00:00:03.3Z ______',
      '2026-01-01T00:00:03.4Z mAP: 0.9337148153739079',
      '2026-01-01T00:00:03.5Z veilbook: result {"average_ap": 0.93}',
      ''
    ].join('\n')
  );

  it('says how far it is, what it found, and what a person is to read', () => {
    expect(progressIn(log)).toEqual({ done: 80, total: 89 });
    expect(documentIn(log)).toEqual({ average_ap: 0.93 });
    expect(closingIn(log)).toEqual([
      'FDDB-fold-1 Val AP: 0.9491256561145955',
      'FDDB Dataset Average AP: 0.9337148153739079',
      '______',
      'mAP: 0.9337148153739079'
    ]);
    expect(averageIn(closingIn(log))).toBe(0.9337148153739079);
  });

  it('that ends in the middle of the document has none', () => {
    expect(documentIn([{ at: '', text: 'veilbook: result {"average' }])).toBeNull();
  });
});
