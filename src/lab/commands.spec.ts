import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { sidecarStatus } from '../../test/lab/documents';
import { until } from '../../test/lab/page';
import { TestServer } from '../../test/lab/server';
import { addSidecarCommands, CommandIDs } from './commands';
import type { SidecarModel } from './model/sidecar';

describe('the sidecar commands', () => {
  let server: TestServer;
  let model: SidecarModel;
  let commands: CommandRegistry;

  beforeEach(async () => {
    server = new TestServer({ state: 'stopped' });
    model = server.model();
    commands = new CommandRegistry();
    addSidecarCommands(commands, model, nullTranslator.load('veilbook'));
    model.watch('live');
    await until(() => model.asOf);
  });

  afterEach(() => {
    Notification.dismiss();
    model.dispose();
  });

  const toasts = () => Notification.manager.notifications;

  it('are enabled where they make sense', async () => {
    const enabled = () => [CommandIDs.start, CommandIDs.restart, CommandIDs.stop].map(id => commands.isEnabled(id));
    expect(enabled()).toEqual([true, true, false]);
    server.answer('POST start', { state: 'running', status: sidecarStatus() });
    const starting = commands.execute(CommandIDs.start);
    expect(enabled()).toEqual([false, false, false]);
    await starting;
    expect(enabled()).toEqual([false, true, true]);
  });

  it('follow an operation with one notification, from begin to end', async () => {
    server.answer('POST restart', { state: 'running', status: sidecarStatus() });
    const restarting = commands.execute(CommandIDs.restart);
    expect(toasts().map(({ type, message }) => [type, message])).toEqual([['in-progress', 'Restarting the sidecar…']]);
    await restarting;
    expect(toasts().map(({ type, message }) => [type, message])).toEqual([['success', 'The sidecar runs again.']]);
  });

  it('leave an error standing, with the log a click away', async () => {
    let shown = false;
    commands.addCommand(CommandIDs.showLog, { execute: () => void (shown = true) });
    const error = { code: 'internal', message: 'Node 18 is too old.', remedy: 'Install Node 22.' };
    server.answer('POST start', { state: 'failed', error, log: [] });
    await commands.execute(CommandIDs.start);
    const [toast] = toasts();
    expect(toast).toMatchObject({ type: 'error', message: 'Node 18 is too old.', options: { autoClose: false } });
    toast.options.actions?.[0].callback(new MouseEvent('click'));
    expect(shown).toBe(true);
  });
});
