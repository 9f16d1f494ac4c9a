import { departureRow, inspectedTail, knownTail, ledgerPage, runSummary, tailList } from '../../../test/lab/documents';
import { until } from '../../../test/lab/page';
import { TestServer } from '../../../test/lab/server';
import type { ServersModel } from './servers';

const refusal = (code: string) => ({ error: { code, message: `It is ${code}.`, remedy: 'Do something.' } });
const { url } = knownTail();

describe('the model of the servers', () => {
  let server: TestServer;
  let model: ServersModel;
  let saved: string[][];

  beforeEach(() => {
    server = new TestServer({ state: 'stopped' });
    server.answer('GET servers', tailList());
    server.answer('GET servers/inspect', inspectedTail());
    server.answer('GET ledger', ledgerPage());
    saved = [];
    model = server.servers(async added => void saved.push(added));
  });

  afterEach(() => model.dispose());

  const asked = (start: string) => server.requests.filter(request => request.startsWith(start));
  const known = () => until(() => model.look(url) && model.ledger);

  it('asks nothing before somebody watches, then each server and the whole ledger once', async () => {
    await model.refresh();
    expect(server.requests).toEqual([]);
    model.watch('live');
    await known();
    expect(model.look(url)).toMatchObject({ state: 'ready', alpha: 0.8 });
    expect(model.ledger?.verdict).toMatchObject({ ok: true, entries: 5 });
    server.answer('GET ledger', ledgerPage([departureRow(5)], { verdict: null, verified: null }));
    await model.refresh();
    expect(asked('GET ledger')).toEqual(['GET ledger?limit=5&verify=true', 'GET ledger?limit=5&verify=false']);
    expect([model.ledger?.page.departures[0].entry, model.ledger?.verdict?.entries]).toEqual([5, 5]);
  });

  it('does not ask a server for which nothing may leave', async () => {
    server.answer('GET servers', tailList([knownTail(undefined, { refused: 'tls is required' })]));
    model.watch('live');
    await until(() => model.ledger);
    expect(asked('GET servers/inspect')).toEqual([]);
  });

  it('lists what a person added, each once, and forgets it', async () => {
    const own = 'tritons://own.example:8000/face_detection_noisy';
    model.watch('live');
    await known();
    await model.add(own);
    await model.add(url);
    expect(saved.at(-1)).toEqual([own, url]);
    expect(model.tails.map(tail => [tail.url, tail.added, tail.destination])).toEqual([
      [url, true, 'triton://inference.example:8000'],
      [own, true, 'tritons://own.example:8000']
    ]);
    await until(() => model.look(own));
    await model.remove(own);
    expect([saved.at(-1), model.tails.length, model.look(own)]).toEqual([[url], 1, null]);
  });

  it('knows of one that cannot be asked, without losing the others', async () => {
    server.answer('GET servers/inspect', refusal('bad_request'), 400);
    model.watch('live');
    await known();
    expect(model.look(url)).toMatchObject({ state: 'broken', failure: { code: 'bad_request' } });
    expect(model.current.state).toBe('known');
  });

  it('looks at the ledger after a run, and through all of it when asked', async () => {
    model.watch('live');
    await known();
    server.push({ type: 'run', run: runSummary('one') });
    await until(() => asked('GET ledger').length === 2);
    await model.verify();
    expect(asked('GET ledger').at(-1)).toBe('GET ledger?limit=5&verify=true');
    await model.more();
    expect(asked('GET ledger').at(-1)).toBe('GET ledger?limit=20&verify=false');
  });

  it('looks through a ledger that was begun meanwhile', async () => {
    server.answer('GET ledger', ledgerPage([]));
    model.watch('live');
    await known();
    expect(model.ledger?.verdict).toBeNull();
    server.answer('GET ledger', ledgerPage());
    await model.refresh();
    expect([asked('GET ledger').at(-1), model.ledger?.verdict?.ok]).toEqual(['GET ledger?limit=5&verify=true', true]);
  });

  it('is stopped without a sidecar, broken by what it says, and keeps what it knew while nobody answers', async () => {
    server.answer('GET servers', refusal('sidecar_unavailable'), 503);
    model.watch('live');
    await until(() => model.current.state === 'stopped');
    server.answer('GET servers', refusal('bad_request'), 400);
    await model.refresh();
    expect(model.current).toMatchObject({ state: 'broken', failure: { code: 'bad_request' } });
    server.answer('GET servers', tailList());
    server.push({ type: 'state', state: 'running' });
    await known();
    server.goAway();
    await model.refresh();
    expect([model.outage?.kind, model.current.state, model.tails.length]).toEqual(['offline', 'known', 1]);
  });
});
