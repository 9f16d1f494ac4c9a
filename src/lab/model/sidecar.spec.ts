import { runSummary, sidecarStatus } from '../../../test/lab/documents';
import { until } from '../../../test/lab/page';
import { TestServer } from '../../../test/lab/server';
import { PANEL_EVENT_SCHEMA_ID as DECLARED, type PanelStatus, type SidecarStatus } from '../../protocol';
import { RequestError } from '../api';
import { PANEL_EVENT_SCHEMA_ID } from './events';
import type { SidecarModel } from './sidecar';

const FAILURE = { code: 'sidecar_unavailable', message: 'It died.', remedy: 'Start it again.' };

function statusOf(model: SidecarModel): SidecarStatus {
  if (model.current.state !== 'running') {
    throw new Error(`The model is ${model.current.state}, not running.`);
  }
  return model.current.status;
}

describe('SidecarModel', () => {
  let server: TestServer;
  let model: SidecarModel;

  function begin(status: PanelStatus, interval?: number): void {
    server = new TestServer(status);
    model = server.model(interval);
  }

  async function watched(status: PanelStatus = { state: 'running', status: sidecarStatus() }, interval?: number): Promise<void> {
    begin(status, interval);
    model.watch('live');
    await until(() => model.asOf ?? model.outage);
  }

  afterEach(() => model.dispose());

  it('listens to the schema that the protocol declares', () => {
    begin({ state: 'stopped' });
    expect(PANEL_EVENT_SCHEMA_ID).toBe(DECLARED);
  });

  it('asks nothing while nobody watches, neither by the clock nor for an event', async () => {
    begin({ state: 'stopped' }, 5);
    server.push({ type: 'state', state: 'running' });
    await model.refresh();
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(server.requests).toEqual([]);
    expect(model.current).toEqual({ state: 'unknown' });
  });

  it('asks at once when a watcher comes, goes on by the clock, and stops when the last one has gone', async () => {
    begin({ state: 'stopped' }, 5);
    const watch = model.watch('live');
    await until(() => server.requests.length >= 3);
    expect(model.current).toEqual({ state: 'stopped' });
    watch.dispose();
    await new Promise(resolve => setTimeout(resolve, 20));
    const { length } = server.requests;
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(server.requests).toHaveLength(length);
  });

  it('puts a run that an event brings before the others, once', async () => {
    await watched({ state: 'running', status: sidecarStatus({ runs: [runSummary('a')] }) });
    server.push({ type: 'run', run: runSummary('b') });
    server.push({ type: 'run', run: runSummary('b', { faces: 2 }) });
    expect(statusOf(model).runs.map(({ run, faces }) => [run, faces])).toEqual([
      ['b', 2],
      ['a', 1]
    ]);
    expect(server.requests).toEqual(['GET status']);
  });

  it('takes defaults from events, and asks anew when the sidecar came or went', async () => {
    await watched();
    server.push({ type: 'defaults', defaults: { alpha: 0.8, device: 'cpu' } });
    expect(statusOf(model).defaults).toEqual({ alpha: 0.8, device: 'cpu' });
    server.answer('GET status', { state: 'stopped' });
    server.push({ type: 'state', state: 'stopped' });
    await until(() => model.current.state === 'stopped');
  });

  it('leaves events of other schemas alone', async () => {
    await watched();
    server.push({ type: 'run', run: runSummary('b') }, 'https://example.org/other');
    expect(statusOf(model).runs).toEqual([]);
  });

  it('keeps what it knew while the server is away, and is up to date when it is back', async () => {
    await watched();
    server.goAway();
    await model.refresh();
    expect(model.outage).toMatchObject({ kind: 'offline', failure: { code: 'offline' } });
    expect(statusOf(model).model.name).toBe('faceboxes');
    server.answer('GET status', { state: 'stopped' });
    await model.refresh();
    expect(model.outage).toBeNull();
    expect(model.current).toEqual({ state: 'stopped' });
  });

  it('tells a refusal, a missing server extension and a proxy from each other', async () => {
    await watched({ state: 'stopped' });
    server.answer('GET status', { error: { code: 'unauthorized', message: 'Forbidden', remedy: 'Log in.' } }, 403);
    await model.refresh();
    expect(model.outage).toMatchObject({ kind: 'forbidden', failure: { message: 'Forbidden' } });
    server.answer('GET status', '<html>not here</html>', 404);
    await model.refresh();
    expect(model.outage?.failure.remedy).toContain('jupyter server extension enable veilbook.server');
    server.answer('GET status', '<html>bad gateway</html>', 502);
    await model.refresh();
    expect(model.outage).toMatchObject({ kind: 'offline', failure: { code: 'offline' } });
  });

  it('has failed when the server says why it cannot tell', async () => {
    await watched({ state: 'stopped' });
    server.answer('GET status', { error: FAILURE }, 503);
    await model.refresh();
    expect(model.current).toEqual({ state: 'failed', error: FAILURE, log: [] });
    expect(model.outage).toBeNull();
  });

  it('starts, restarts and stops, and says meanwhile what it is doing', async () => {
    await watched({ state: 'stopped' });
    server.answer('POST start', { state: 'running', status: sidecarStatus() });
    const started = model.run('start');
    expect(model.operation).toBe('start');
    await started;
    expect(model.operation).toBeNull();
    expect(statusOf(model).hello.pid).toBe(4711);
  });

  it('rejects with cause and remedy when the sidecar does not come up', async () => {
    await watched({ state: 'stopped' });
    server.answer('POST restart', { state: 'failed', error: FAILURE, log: ['last words'] });
    await expect(model.run('restart')).rejects.toThrow('It died. Start it again.');
    expect(model.current).toMatchObject({ state: 'failed', log: ['last words'] });
    expect(model.operation).toBeNull();
  });

  it('does not let an answer from before an operation undo it', async () => {
    await watched({ state: 'stopped' });
    let answerLate: (value: unknown) => void = () => undefined;
    const late = new Promise(resolve => (answerLate = resolve));
    server.routes['GET status'] = async () => {
      await late;
      return { body: { state: 'stopped' } };
    };
    const asking = model.refresh();
    await until(() => server.requests.length === 2);
    server.answer('POST start', { state: 'running', status: sidecarStatus() });
    await model.run('start');
    answerLate(undefined);
    await asking;
    expect(model.current.state).toBe('running');
  });

  it('shows new defaults at once and the old ones again when they are refused', async () => {
    await watched();
    server.answer('PUT defaults', { error: { code: 'bad_alpha', message: 'ALPHA 2 is outside.', remedy: 'Use less.' } }, 400);
    const setting = model.setDefaults({ alpha: 2, device: 'auto' });
    expect(statusOf(model).defaults.alpha).toBe(2);
    await expect(setting).rejects.toBeInstanceOf(RequestError);
    expect(statusOf(model).defaults.alpha).toBe(0.2);
    server.answer('PUT defaults', { alpha: 0.5, device: 'auto' });
    await model.setDefaults({ alpha: 0.5, device: 'auto' });
    expect(statusOf(model).defaults.alpha).toBe(0.5);
  });

  it('reads the log', async () => {
    begin({ state: 'stopped' });
    server.answer('GET log', { lines: ['one', 'two'] });
    expect(await model.readLog(20)).toEqual(['one', 'two']);
    expect(server.requests[0]).toContain('GET log?lines=20');
  });
});
