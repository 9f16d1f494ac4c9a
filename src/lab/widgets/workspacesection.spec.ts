import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { operation, panelWorkspace, snapshot } from '../../../test/lab/documents';
import { control, one, setValue, show, until } from '../../../test/lab/page';
import { TestServer } from '../../../test/lab/server';
import type { PanelWorkspace } from '../../protocol';
import { CommandIDs } from '../commands';
import type { WorkspaceModel } from '../model/workspace';
import { addWorkspaceCommands, type WorkspaceQuestions } from '../workspacecommands';
import { WorkspaceWork } from '../workspacework';
import { WorkspaceSection } from './workspacesection';

describe('the section "Workspace"', () => {
  let server: TestServer;
  let model: WorkspaceModel;
  let section: WorkspaceSection;
  let asked: unknown[];
  let done: string[];
  const trans = nullTranslator.load('veilbook');
  const restore = jest.fn<Promise<boolean>, Parameters<WorkspaceQuestions['restore']>>();

  async function begin(view: PanelWorkspace): Promise<HTMLElement> {
    server = new TestServer({ state: 'stopped' });
    server.answer('GET workspace', view);
    asked = [];
    done = [];
    for (const route of ['POST workspace/snapshots', 'POST workspace/restore', 'POST workspace/undo']) {
      server.routes[route] = async request => {
        asked.push([route, await request.json()]);
        return { body: operation({ state: 'done', kind: 'restore' }, {}) };
      };
    }
    model = server.workspace();
    const commands = new CommandRegistry();
    // The menu reads its labels from them.
    for (const id of [CommandIDs.restoreFiles, CommandIDs.compareNotebook]) {
      commands.addCommand(id, { label: id, execute: args => void done.push(`${id} ${String(args.snapshot)}`) });
    }
    const documents = {
      unsaved: () => 2,
      save: async () => (done.push('saved'), 2),
      revert: async () => void done.push('reverted'),
      current: () => 'image-demo.ipynb'
    };
    const questions = { restore, undo: async () => true, remove: async () => true, clone: async () => null };
    addWorkspaceCommands(new WorkspaceWork(commands, model, documents, trans), questions, async () => '');
    section = new WorkspaceSection(model, commands, trans);
    show(section);
    await until(() => section.node.querySelector('.jp-Veilbook-timeline'));
    return section.node;
  }

  afterEach(() => {
    Notification.dismiss();
    section.dispose();
    model.dispose();
  });

  const toast = () => Notification.manager.notifications.map(({ type, message }) => `${type}: ${message}`).join();

  it('says what a snapshot is for before the first one', async () => {
    const node = await begin(panelWorkspace());
    expect(node.textContent).toContain('No snapshot so far.');
  });

  it('saves open documents before a snapshot, says how many, and hands label and notebook on', async () => {
    const node = await begin(panelWorkspace());
    setValue(control<HTMLInputElement>(node, 'Label of the snapshot'), ' before training ');
    one<HTMLFormElement>(node, 'form').requestSubmit();
    await until(() => toast().startsWith('success'));
    expect(toast()).toContain('2 documents were saved');
    const body = { label: 'before training', saved_documents: true, notebook: 'image-demo.ipynb' };
    expect([asked, done]).toEqual([[['POST workspace/snapshots', body]], ['saved']]);
  });

  it('shows label, time, commit, size and state, and offers what is possible', async () => {
    const failed = snapshot('bad', { state: 'failed', error: 'The disk is full.', bytes: null });
    const node = await begin(panelWorkspace([snapshot('one', { label: 'nightly', pinned: true }), failed]));
    const [good, bad] = [...node.querySelectorAll('li')];
    expect(good.textContent).toMatch(/nightly.*14m ago.*pinned.*main@3f2c1ab\*.*12 files.*312 MiB/);
    expect(control<HTMLButtonElement>(good, 'Restore nightly…').disabled).toBe(false);
    expect(control(good, 'Pin nightly').getAttribute('aria-pressed')).toBe('true');
    expect(bad.textContent).toContain('failed');
    expect(bad.textContent).toContain('The disk is full.');
    expect(control<HTMLButtonElement>(bad, 'Restore label of bad…').disabled).toBe(true);
  });

  it('restores after a yes only, saving documents before and reading them after', async () => {
    const node = await begin(panelWorkspace([snapshot('one', { label: 'nightly' })]));
    restore.mockResolvedValueOnce(false);
    control(node, 'Restore nightly…').click();
    await until(() => restore.mock.calls.length === 1);
    expect(restore.mock.calls[0].slice(1)).toEqual([2, false]);
    expect(asked).toEqual([]);
    restore.mockResolvedValueOnce(true);
    control(node, 'Restore nightly…').click();
    await until(() => toast().startsWith('success'));
    expect(asked).toEqual([['POST workspace/restore', { snapshot: 'one' }]]);
    expect(done).toEqual(['saved', 'reverted']);
    expect(Notification.manager.notifications[0].options.actions?.map(({ label }) => label)).toEqual(['Undo']);
  });

  it('offers Undo while the last restore can be taken back', async () => {
    const view = panelWorkspace([snapshot('one')]);
    const last = { operation: 'o', snapshot: 'one', safety: 's', at: new Date().toISOString(), paths: null, undone: false };
    const node = await begin({ ...view, workspace: { ...view.workspace, last_restore: last } });
    control(node, 'Undo').click();
    await until(() => toast().startsWith('success'));
    expect(asked).toEqual([['POST workspace/undo', {}]]);
  });

  it('shows how far an operation is, and cancels it; meanwhile nothing else can be begun', async () => {
    const progress = { operation: 'operation-1', kind: 'restore' as const, phase: 'copying' as const, done: 0.42, files: 5 };
    const running = operation({
      kind: 'restore',
      progress: { ...progress, files_total: 12, bytes: 0, bytes_total: null, reason: null }
    });
    const node = await begin(panelWorkspace([snapshot('one', { label: 'nightly' })], { operation: running }));
    expect(one(node, '.jp-Veilbook-operation').textContent).toMatch(/Restore · copying.*42% · 5 of 12 files/);
    expect(control<HTMLButtonElement>(node, 'Restore nightly…').disabled).toBe(true);
    server.answer('DELETE workspace/operations/operation-1', running);
    control(node, 'Cancel').click();
    await until(() => server.requests.includes('DELETE workspace/operations/operation-1'));
  });

  it('goes from one snapshot to the next by arrow keys, at the same action', async () => {
    const node = await begin(panelWorkspace([snapshot('one', { label: 'a' }), snapshot('two', { label: 'b' })]));
    const from = control(node, 'Clone a…');
    from.focus();
    from.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
    expect(document.activeElement).toBe(control(node, 'Clone b…'));
  });

  it('offers the rest in a menu, by mouse and keyboard, and puts the focus back', async () => {
    const node = await begin(panelWorkspace([snapshot('one', { label: 'a', pinned: true })]));
    const more = control(node, 'More actions of a');
    more.focus();
    more.click();
    const menu = one(document.body, '.lm-Menu');
    const items = [...menu.querySelectorAll('.lm-Menu-item')];
    await until(() => items[0].classList.contains('lm-mod-active'));
    expect(items.map(item => item.textContent)).toEqual([
      CommandIDs.restoreFiles,
      CommandIDs.compareNotebook,
      'Delete (unpin it first)'
    ]);
    expect(items[2].classList).toContain('lm-mod-disabled');
    menu.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 13, bubbles: true }));
    expect(done).toEqual([`${CommandIDs.restoreFiles} one`]);
    expect(document.activeElement).toBe(more);
    await until(() => !document.querySelector('.lm-Menu'));
  });

  it('greys out what is not allowed, says why, and has the command that helps to copy', async () => {
    const view = panelWorkspace([snapshot('one', { label: 'a' })]);
    const reason = 'You may not patch deployments in namespace inference.';
    const no = { allowed: false, reason, remedy: 'Run `veilbook rbac` and give it to who runs the cluster.' };
    const role = {
      ...no,
      reason: 'No right to delete.',
      remedy: 'veilbook rbac --namespace inference prints the Role that allows it.'
    };
    const deletion = { ...role, reason: 'No right to delete workspaces.' };
    const actions = { ...view.capabilities.actions, restore: no, undo: no, delete_snapshot: role, delete_workspace: deletion };
    const last = {
      operation: 'o',
      snapshot: 'one',
      safety: 's',
      at: new Date().toISOString(),
      paths: ['labels.csv'],
      undone: false
    };
    const workspace = { ...view.workspace, last_restore: last };
    const node = await begin({ ...view, workspace, capabilities: { ...view.capabilities, actions } });
    expect(node.textContent).toContain('Restored labels.csv');
    expect(control<HTMLButtonElement>(node, 'Restore a…').disabled).toBe(true);
    expect(control<HTMLButtonElement>(node, 'Clone a…').disabled).toBe(false);
    expect(control<HTMLButtonElement>(node, 'Undo').disabled).toBe(true);
    const told = control(node, 'Not possible here');
    expect(told.textContent).toContain(`Restore, Undo: ${reason} Run veilbook rbac and give it`);
    expect(control(told, 'Copy veilbook rbac')).toBeTruthy();
    expect(told.textContent).toContain('No right to delete. veilbook rbac --namespace inference prints the Role');
    expect(control(told, 'Copy veilbook rbac --namespace inference')).toBeTruthy();
    // That stands at the list of other workspaces, for who wants to.
    expect(told.textContent).not.toContain('workspaces');
  });

  it('shows why a snapshot is not ready yet, and can do the rest', async () => {
    const pending = snapshot('new', { label: 'b', state: 'creating', error: 'The driver says: try again.', bytes: null });
    const node = await begin(panelWorkspace([pending, snapshot('one', { label: 'a' })]));
    expect(node.querySelector('li')?.textContent).toMatch(/being taken.*The driver says: try again\./);
    expect(control<HTMLButtonElement>(node, 'Restore b…').disabled).toBe(true);
    expect(control<HTMLButtonElement>(node, 'Restore a…').disabled).toBe(false);
    expect(control<HTMLButtonElement>(node, 'Snapshot').disabled).toBe(false);
  });

  it('says that a restore restarts JupyterLab, and afterwards how it ended', async () => {
    const error = {
      code: 'internal' as const,
      message: 'The new pod did not start in 300 s.',
      remedy: 'veilbook workspace undo'
    };
    const failed = operation({ kind: 'restore', state: 'failed', error });
    const view = panelWorkspace([snapshot('one', { label: 'a' })], { operation: failed });
    const node = await begin({ ...view, capabilities: { ...view.capabilities, restore_restarts: true } });
    const note = control(node, 'Last operation');
    expect(note.textContent).toMatch(/Restore failed.*The new pod did not start in 300 s\./);
    expect(control(note, 'Copy veilbook workspace undo')).toBeTruthy();
    restore.mockClear();
    restore.mockResolvedValueOnce(false);
    control(node, 'Restore a…').click();
    await until(() => restore.mock.calls.length === 1);
    expect(restore.mock.calls[0][2]).toBe(true);
    control(node, 'Dismiss').click();
    await until(() => !node.textContent?.includes('did not start'));
  });

  it('keeps the list when the server goes away, marked as old', async () => {
    const node = await begin(panelWorkspace([snapshot('one')]));
    server.goAway();
    await model.refresh();
    const alert = await until(() => node.querySelector('[role="alert"]'));
    expect(alert.textContent).toContain('Offline');
    expect(node.querySelectorAll('li')).toHaveLength(1);
    expect(control<HTMLButtonElement>(node, 'Snapshot').disabled).toBe(true);
  });
});
