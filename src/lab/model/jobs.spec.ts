import { batchJob, sweptJob } from '../../../test/lab/documents';
import { until } from '../../../test/lab/page';
import { TestServer } from '../../../test/lab/server';
import type { JobsModel } from './jobs';

const refusal = (code: string) => ({ error: { code, message: `It is ${code}.`, remedy: 'Do something.' } });
const ABSENT = refusal('cluster_unavailable');

describe('the model of the Jobs', () => {
  let server: TestServer;
  let model: JobsModel;

  beforeEach(() => {
    server = new TestServer({ state: 'stopped' });
    server.answer('GET jobs', { namespace: 'inference', jobs: [batchJob('fddb-sweep', { share: 0 }), sweptJob('old').job] });
    server.answer('GET jobs/fddb-sweep', { job: batchJob(), result: null, figures: null });
    server.answer('GET jobs/old', sweptJob('old'));
    model = server.jobs();
  });

  afterEach(() => model.dispose());

  const asked = (route: string) => server.requests.filter(request => request === route).length;
  const shares = () => (model.current.state === 'known' ? model.current.jobs.map(({ share }) => share) : null);

  it('asks nothing before somebody watches, and then how far those are that run', async () => {
    await model.refresh();
    expect(server.requests).toEqual([]);
    model.watch('live');
    await until(shares);
    expect(shares()).toEqual([0.71, 1]);
    expect(server.requests).toEqual(['GET jobs', 'GET jobs/fddb-sweep']);
  });

  it('asks for what is over when somebody follows it, and once', async () => {
    model.watch('live');
    await until(shares);
    const following = model.follow('old');
    await until(() => model.view('old'));
    expect(model.view('old')?.result?.bad).toBe(3);
    await model.refresh();
    expect(asked('GET jobs/old')).toBe(1);
    following.dispose();
    await model.refresh();
    expect(model.view('old')).toBeNull();
  });

  it('asks once for it where two questions overlap', async () => {
    model.watch('live');
    await until(shares);
    model.follow('old');
    await Promise.all([model.refresh(), model.refresh()]);
    expect(asked('GET jobs/old')).toBe(1);
  });

  it('knows a Job that was made anew under its old name', async () => {
    model.watch('live');
    await until(shares);
    model.follow('old');
    await until(() => model.view('old'));
    const again = { ...sweptJob('old').job, created: new Date().toISOString() };
    server.answer('GET jobs', { namespace: 'inference', jobs: [again] });
    await model.refresh();
    expect(asked('GET jobs/old')).toBe(2);
  });

  it('submits, and has the new Job in its list', async () => {
    server.answer('GET jobs', { namespace: 'inference', jobs: [] });
    model.watch('live');
    await until(shares);
    server.answer('POST jobs', { job: batchJob(), made: true, notes: [] });
    server.answer('GET jobs', { namespace: 'inference', jobs: [batchJob()] });
    await model.submit({ name: 'fddb-sweep', claim: 'inference-data', dataset: 'FDDB' });
    expect(shares()).toEqual([0.71]);
    expect(model.refused).toBeNull();
  });

  it('keeps what was refused until it is seen', async () => {
    model.watch('live');
    await until(shares);
    const request = { name: 'fddb', claim: 'gone', dataset: 'FDDB' };
    server.answer('POST jobs', refusal('not_found'), 404);
    await expect(model.submit(request)).rejects.toMatchObject({ failure: { code: 'not_found' } });
    expect(model.refused).toMatchObject({ request, failure: { code: 'not_found' } });
    expect(model.asking).toBe(false);
    model.dismiss();
    expect(model.refused).toBeNull();
  });

  it('is absent without a cluster, stopped without a sidecar, broken by what a cluster says', async () => {
    server.answer('GET jobs', ABSENT, 503);
    model.watch('live');
    await until(() => model.current.state === 'absent');
    expect(model.outage).toBeNull();
    server.answer('GET jobs', refusal('sidecar_unavailable'), 503);
    await model.refresh();
    expect(model.current).toEqual({ state: 'stopped' });
    server.answer('GET jobs', refusal('bad_request'), 400);
    await model.refresh();
    expect(model.current).toMatchObject({ state: 'broken', failure: { code: 'bad_request' } });
    server.answer('GET jobs', refusal('forbidden'), 403);
    await model.refresh();
    expect(model.outage).toMatchObject({ kind: 'forbidden', failure: { code: 'forbidden' } });
  });

  it('asks again when a sidecar has come', async () => {
    server.answer('GET jobs', refusal('sidecar_unavailable'), 503);
    model.watch('live');
    await until(() => model.current.state === 'stopped');
    server.answer('GET jobs', { namespace: 'inference', jobs: [] });
    server.push({ type: 'state', state: 'running' });
    await until(() => model.current.state === 'known');
  });

  it('keeps its list while the cluster, or the server, does not answer', async () => {
    model.watch('live');
    await until(shares);
    server.answer('GET jobs', ABSENT, 503);
    await model.refresh();
    expect([model.outage?.kind, shares()]).toEqual(['offline', [0.71, 1]]);
    server.goAway();
    await model.refresh();
    expect([model.outage?.kind, shares()]).toEqual(['offline', [0.71, 1]]);
    expect(model.asOf).not.toBeNull();
  });

  it('has the Job as the list tells it where its pods may not be asked', async () => {
    server.answer('GET jobs/fddb-sweep', refusal('forbidden'), 403);
    model.watch('live');
    await until(shares);
    expect(shares()).toEqual([0, 1]);
  });
});
