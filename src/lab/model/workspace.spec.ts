import { operation, panelWorkspace, snapshot } from '../../../test/lab/documents';
import { until } from '../../../test/lab/page';
import { TestServer } from '../../../test/lab/server';
import type { WorkspaceModel } from './workspace';

const GONE = { code: 'sidecar_unavailable', message: 'No sidecar runs.', remedy: 'Start it.' };

describe('the model of the workspace', () => {
  let server: TestServer;
  let model: WorkspaceModel;

  beforeEach(async () => {
    server = new TestServer({ state: 'stopped' });
    server.answer('GET workspace', panelWorkspace([snapshot('one')]));
    server.answer('POST workspace/snapshots', operation());
    model = server.workspace();
  });

  afterEach(() => model.dispose());

  const known = () => (model.current.state === 'known' ? model.current.view.snapshots.map(({ id }) => id) : null);

  it('asks nothing before somebody watches', async () => {
    expect(server.requests).toEqual([]);
    model.watch('live');
    await until(() => known());
    expect(known()).toEqual(['one']);
  });

  it('follows an operation by events to its end, and then has the new list', async () => {
    model.watch('live');
    await until(() => known());
    const performing = model.perform({ kind: 'snapshot', request: { label: 'x' } });
    await until(() => model.running);
    const progress = { ...operation().record, phase: 'flushing' as const };
    server.push({ type: 'workspace', operation: { record: progress, result: null } });
    expect(model.running?.record.phase).toBe('flushing');
    server.answer('GET workspace', panelWorkspace([snapshot('two'), snapshot('one')]));
    server.push({ type: 'workspace', operation: operation({ state: 'done' }, { snapshot: snapshot('two') }) });
    expect((await performing).result?.snapshot?.id).toBe('two');
    expect(model.running).toBeNull();
    expect(known()).toEqual(['two', 'one']);
  });

  it('does without a panel, and without the event of the end', async () => {
    server.answer('GET workspace', panelWorkspace([], { operation: operation({ state: 'done' }, {}) }));
    expect((await model.perform({ kind: 'snapshot', request: {} })).record.state).toBe('done');
    expect(model.running).toBeNull();
  });

  it('rejects with what the operation failed of', async () => {
    model.watch('live');
    await until(() => known());
    const performing = model.perform({ kind: 'undo' });
    await expect(performing).rejects.toMatchObject({ kind: 'offline' });
    server.answer('POST workspace/undo', operation());
    const again = model.perform({ kind: 'undo' });
    await until(() => model.running);
    const error = { code: 'not_found', message: 'Nothing was restored.', remedy: 'Restore first.' };
    server.push({ type: 'workspace', operation: operation({ state: 'failed', error }) });
    await expect(again).rejects.toMatchObject({ kind: 'refused', failure: error });
  });

  it('ends what ran in a sidecar that is gone', async () => {
    model.watch('live');
    await until(() => known());
    const performing = model.perform({ kind: 'snapshot', request: {} });
    performing.catch(() => undefined);
    await until(() => model.running);
    server.answer('GET workspace', { error: GONE }, 503);
    server.push({ type: 'state', state: 'failed' });
    await expect(performing).rejects.toMatchObject({ failure: GONE });
    expect(model.current.state).toBe('stopped');
  });

  it("does not listen to another folder's operations", async () => {
    model.watch('live');
    await until(() => known());
    server.push({ type: 'workspace', operation: operation({ id: 'other', workspace: 'elsewhere' }) });
    expect(model.running).toBeNull();
  });

  it('keeps the list while the server is away, and says why it cannot tell', async () => {
    model.watch('live');
    await until(() => known());
    const error = { code: 'not_found', message: 'There is no folder.', remedy: 'Make it.' };
    server.answer('GET workspace', { error }, 404);
    await model.refresh();
    expect(model.current).toEqual({ state: 'broken', failure: error });
    server.answer('GET workspace', panelWorkspace([snapshot('one')]));
    await model.refresh();
    server.goAway();
    await model.refresh();
    expect(model.outage?.kind).toBe('offline');
    expect(known()).toEqual(['one']);
  });
});
