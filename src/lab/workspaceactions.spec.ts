import { Notification } from '@jupyterlab/apputils';
import { ServerConnection } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { operation, panelWorkspace, snapshot } from '../../test/lab/documents';
import { one, until } from '../../test/lab/page';
import { TestServer } from '../../test/lab/server';
import type { HeldEntry, OperationResult, PanelWorkspace, RetentionReport, Workspace } from '../protocol';
import { CommandIDs } from './commands';
import { addCompareCommand, diffUrl, hasNbdime } from './compare';
import type { WorkspaceModel } from './model/workspace';
import { addOtherWorkspaceCommands, irremovable } from './otherworkspaces';
import { addRestoreFilesCommand } from './restorefiles';
import { addRetentionCommand, policyOf } from './retention';
import { DEFAULTS } from './settings';
import { workspaceOperations } from './runningoperations';
import { addWorkspaceCommands } from './workspacecommands';
import { WorkspaceWork } from './workspacework';

const trans = nullTranslator.load('veilbook');
const held = (path: string): HeldEntry => ({ path, kind: 'file', bytes: 3, modified: new Date().toISOString() });
const report: RetentionReport = { removed: ['old'], kept: [{ id: 'one', why: 'last' }] };

describe('what can be done with the workspace', () => {
  let server: TestServer;
  let model: WorkspaceModel;
  let commands: CommandRegistry;
  let work: WorkspaceWork;
  let sent: [string, unknown][];
  let done: string[];
  let current: string | null;

  /** Routes that begin an operation which is over at once. */
  function answers(results: Record<string, OperationResult>): void {
    for (const [route, result] of Object.entries(results)) {
      server.routes[route] = async request => {
        sent.push([route, await request.json()]);
        return { body: operation({ state: 'done' }, result) };
      };
    }
  }

  async function begin(view: PanelWorkspace = panelWorkspace([snapshot('one'), snapshot('old')])): Promise<void> {
    server = new TestServer({ state: 'stopped' });
    server.answer('GET workspace', view);
    [sent, done, current] = [[], [], 'a/demo.ipynb'];
    model = server.workspace();
    commands = new CommandRegistry();
    const documents = {
      unsaved: () => 1,
      save: async (paths?: readonly string[]) => (done.push(`saved ${paths?.join() ?? 'all'}`), 1),
      revert: async (paths?: readonly string[]) => void done.push(`reverted ${paths?.join() ?? 'all'}`),
      current: () => current
    };
    work = new WorkspaceWork(commands, model, documents, trans);
    model.watch('live');
    await until(() => work.view);
  }

  afterEach(() => {
    Notification.dismiss();
    model.dispose();
  });

  const toast = () => Notification.manager.notifications.map(({ type, message }) => `${type}: ${message}`).join();

  describe('restoring files', () => {
    const from = jest.fn<Promise<string | null>, unknown[]>();
    const which = jest.fn<Promise<string[] | null>, unknown[]>();
    let selected: string[];

    beforeEach(async () => {
      await begin();
      selected = ['data/labels.csv', 'gone.txt'];
      addRestoreFilesCommand(work, { from, which }, () => selected);
      answers({ 'POST workspace/restore-files': {} });
    });

    it('asks which of the snapshots that hold the selection, and touches these documents alone', async () => {
      server.answer('POST workspace/holding', { holdings: [{ snapshot: snapshot('old'), held: [held('data/labels.csv')] }] });
      from.mockResolvedValueOnce('old');
      await commands.execute(CommandIDs.restoreFiles);
      expect(sent).toEqual([['POST workspace/restore-files', { snapshot: 'old', paths: ['data/labels.csv'] }]]);
      expect(done).toEqual(['saved data/labels.csv', 'reverted data/labels.csv']);
      expect(toast()).toBe('success: Restored data/labels.csv.');
      expect(Notification.manager.notifications[0].options.actions?.map(({ label }) => label)).toEqual(['Undo']);
    });

    it('begins nothing when the dialog is called off, or no snapshot holds it', async () => {
      server.answer('POST workspace/holding', { holdings: [{ snapshot: snapshot('old'), held: null }] });
      from.mockResolvedValueOnce(null);
      await commands.execute(CommandIDs.restoreFiles);
      server.answer('POST workspace/holding', { holdings: [] });
      const asking = commands.execute(CommandIDs.restoreFiles);
      await until(() => document.body.textContent?.includes('is in no snapshot of this workspace'));
      one(document.body, '.jp-Dialog .jp-mod-accept').click();
      await asking;
      expect([sent, done]).toEqual([[], []]);
    });

    it('asks for files of a snapshot that is named', async () => {
      which.mockResolvedValueOnce(['a', 'b']);
      await commands.execute(CommandIDs.restoreFiles, { snapshot: 'one', menu: true });
      expect(sent).toEqual([['POST workspace/restore-files', { snapshot: 'one', paths: ['a', 'b'] }]]);
      selected = [];
      expect(commands.isEnabled(CommandIDs.restoreFiles)).toBe(false);
      expect(commands.isEnabled(CommandIDs.restoreFiles, { snapshot: 'one' })).toBe(true);
    });
  });

  describe('cleaning up', () => {
    const cleanUp = jest.fn<Promise<boolean>, unknown[]>();
    const noRule = jest.fn<Promise<boolean>, unknown[]>();
    const rules = { ...DEFAULTS, retentionKeepLast: 5, retentionMaxAgeDays: 1.5 };

    it('makes a policy of the rules that are set', () => {
      expect(policyOf(DEFAULTS)).toBeNull();
      expect(policyOf({ ...rules, retentionKeepDaily: 7 })).toEqual({ keep_last: 5, max_age_days: 1.5, keep_daily: 7 });
    });

    it('shows first what would go, and removes it after a yes only', async () => {
      await begin();
      answers({ 'POST workspace/retain': { retained: report } });
      addRetentionCommand(work, { cleanUp, noRule }, () => rules);
      const asked = (dryRun: boolean) => ['POST workspace/retain', { keep_last: 5, max_age_days: 1.5, dry_run: dryRun }];
      cleanUp.mockResolvedValueOnce(false);
      await commands.execute(CommandIDs.cleanUpSnapshots);
      expect(sent).toEqual([asked(true)]);
      expect(cleanUp.mock.calls[0][0]).toEqual(report);
      cleanUp.mockResolvedValueOnce(true);
      await commands.execute(CommandIDs.cleanUpSnapshots);
      expect(sent.slice(1)).toEqual([asked(true), asked(false)]);
      expect(toast()).toBe('success: 1 old snapshot is removed.');
    });

    it('asks nothing of the server without a rule', async () => {
      await begin();
      addRetentionCommand(work, { cleanUp, noRule }, () => DEFAULTS);
      noRule.mockResolvedValueOnce(false);
      await commands.execute(CommandIDs.cleanUpSnapshots);
      expect(noRule).toHaveBeenCalled();
      expect(server.requests).toEqual(['GET workspace']);
    });

    it('follows a snapshot only where the settings say so', async () => {
      await begin();
      answers({ 'POST workspace/retain': { retained: report }, 'POST workspace/snapshots': {} });
      let automatic = false;
      const after = addRetentionCommand(work, { cleanUp, noRule }, () => ({ ...rules, retentionAutomatic: automatic }));
      const no = async () => false;
      addWorkspaceCommands(work, { restore: no, undo: no, remove: no, clone: async () => null }, after);
      await commands.execute(CommandIDs.snapshot);
      expect(sent.map(([route]) => route)).toEqual(['POST workspace/snapshots']);
      automatic = true;
      await commands.execute(CommandIDs.snapshot);
      expect(sent.slice(1).map(([route]) => route)).toEqual(['POST workspace/snapshots', 'POST workspace/retain']);
      expect(toast()).toContain('1 document was saved. 1 old snapshot is removed.');
    });
  });

  describe('a snapshot before all cells run', () => {
    let ran: number;

    beforeEach(async () => {
      await begin();
      ran = 0;
      const no = async () => false;
      addWorkspaceCommands(work, { restore: no, undo: no, remove: no, clone: async () => null }, async () => '');
      commands.addCommand('notebook:run-all-cells', { execute: () => void ran++ });
    });

    it('comes first, and without it nothing runs', async () => {
      answers({ 'POST workspace/snapshots': {} });
      await commands.execute(CommandIDs.snapshotRunAll);
      expect(sent[0][1]).toMatchObject({ label: 'before Run All', notebook: 'a/demo.ipynb' });
      expect(ran).toBe(1);
      const error = { code: 'disk_full' as const, message: 'The disk is full.', remedy: '' };
      server.answer('POST workspace/snapshots', { error }, 507);
      await commands.execute(CommandIDs.snapshotRunAll);
      expect(ran).toBe(1);
      expect(toast()).toContain('error: The disk is full.');
    });

    it('is for notebooks', () => {
      expect(commands.isEnabled(CommandIDs.snapshotRunAll)).toBe(true);
      current = 'a/labels.csv';
      expect(commands.isEnabled(CommandIDs.snapshotRunAll)).toBe(false);
    });
  });

  describe('other workspaces', () => {
    const other: Workspace = { ...panelWorkspace().workspace, id: 'other-1', name: 'other', location: '/o', made_here: true };

    it('are removed by their name, and only clones that Veilbook made or what is left of a folder', async () => {
      await begin();
      answers({ 'POST workspace/others/delete': {}, 'POST workspace/others/clone': { made: other } });
      const remove = async () => ({ confirm: 'other', snapshots: false });
      addOtherWorkspaceCommands(work, { open: async () => undefined, clone: async () => 'copy', remove });
      const given = (workspace: Workspace) => ({ workspace: workspace as never });
      expect(commands.isEnabled(CommandIDs.deleteWorkspace, given({ ...other, made_here: false }))).toBe(false);
      await commands.execute(CommandIDs.deleteWorkspace, given(other));
      await commands.execute(CommandIDs.cloneWorkspace, given(other));
      expect(sent).toEqual([
        ['POST workspace/others/delete', { workspace: 'other-1', confirm: 'other', snapshots: false }],
        ['POST workspace/others/clone', { workspace: 'other-1', to: 'copy' }]
      ]);
      expect(irremovable({ ...other, made_here: false, state: 'missing', snapshots: 2 })).toBeNull();
    });
  });

  describe('comparing a notebook', () => {
    const show = jest.fn<void, unknown[]>();

    it('hands both files to nbdime, and says how to install it where it is not', async () => {
      await begin();
      let installed = false;
      addCompareCommand(work, { compare: async () => 'one' }, () => [], { isInstalled: async () => installed, show });
      const asking = commands.execute(CommandIDs.compareNotebook);
      await until(() => document.body.textContent?.includes('pip install nbdime'));
      one(document.body, '.jp-Dialog .jp-mod-accept').click();
      await asking;
      expect(show).not.toHaveBeenCalled();
      installed = true;
      const holding = { snapshot: snapshot('one', { tree: '/snapshots/one/tree' }), held: [held('a/demo.ipynb')] };
      server.answer('POST workspace/holding', { holdings: [holding] });
      await commands.execute(CommandIDs.compareNotebook);
      expect(show.mock.calls).toEqual([['/snapshots/one/tree/a/demo.ipynb', 'a/demo.ipynb', 'demo.ipynb']]);
      current = 'a/labels.csv';
      expect(commands.isEnabled(CommandIDs.compareNotebook)).toBe(false);
    });

    it('asks nbdime by its page', async () => {
      const asked: string[] = [];
      const settings = ServerConnection.makeSettings({
        baseUrl: 'http://localhost/user/me/',
        fetch: async (input: RequestInfo | URL) => {
          asked.push(new Request(input).url);
          return new Response('', { status: asked.length === 1 ? 404 : 200 });
        }
      });
      expect([await hasNbdime(settings), await hasNbdime(settings)]).toEqual([false, true]);
      expect(asked[0]).toMatch(/^http:\/\/localhost\/user\/me\/nbdime\/difftool\?base&remote&/);
      expect(diffUrl('/', '/s/a b.ipynb', 'a b.ipynb')).toBe('/nbdime/difftool?base=%2Fs%2Fa%20b.ipynb&remote=a%20b.ipynb');
    });
  });

  it('stands among running sessions while it is under way, and is cancelled there', async () => {
    await begin();
    const manager = workspaceOperations(model, commands, trans);
    const running = () => manager.running({ mode: 'list' });
    let changes = 0;
    manager.runningChanged.connect(() => void changes++);
    commands.addCommand(CommandIDs.stopOperation, { execute: () => void done.push('stopped') });
    expect(running()).toEqual([]);
    server.push({ type: 'workspace', operation: operation({ kind: 'clone' }) });
    const [item] = running();
    expect([item.label(), changes]).toEqual(['Clone: copying', 1]);
    item.shutdown?.();
    expect(done).toEqual(['stopped']);
    server.push({ type: 'workspace', operation: operation({ kind: 'clone', state: 'done' }) });
    expect([running(), changes]).toEqual([[], 2]);
  });
});
