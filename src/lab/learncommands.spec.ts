import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { learnJob, learnReport, sidecarStatus } from '../../test/lab/documents';
import { until } from '../../test/lab/page';
import { TestServer } from '../../test/lab/server';
import type { LearnJob } from '../protocol';
import { CommandIDs } from './commands';
import { addLearningCommands, learningOf } from './learncommands';
import type { SidecarModel } from './model/sidecar';

const ENDED = new Date().toISOString();

describe('the commands of learning', () => {
  let server: TestServer;
  let model: SidecarModel;
  let commands: CommandRegistry;
  let chosen: string | null;
  let asked: unknown[];

  async function begin(learn: LearnJob | null): Promise<void> {
    server = new TestServer({ state: 'running', status: sidecarStatus({ learn }) });
    model = server.model();
    commands = new CommandRegistry();
    chosen = 'photographs';
    asked = [];
    addLearningCommands(commands, model, async () => chosen, nullTranslator.load('veilbook'));
    model.watch('live');
    await until(() => model.asOf);
  }

  /** The server takes every request and answers with a job that runs. */
  function accept(): void {
    server.routes['POST learn'] = async request => {
      asked.push(await request.json());
      return { body: learnJob({ job: 'job-2' }) };
    };
  }

  const enabled = () =>
    [CommandIDs.learn, CommandIDs.learnOn, CommandIDs.installLearned, CommandIDs.stopLearning].filter(id =>
      commands.isEnabled(id)
    );
  const toasts = () => Notification.manager.notifications.map(({ type, message }) => [type, message]);

  afterEach(() => {
    Notification.dismiss();
    model.dispose();
  });

  it.each<[string, LearnJob | null, string[]]>([
    ['before the first pass', null, [CommandIDs.learn]],
    ['while one runs', learnJob(), [CommandIDs.stopLearning]],
    ['while one stops', learnJob({ state: 'cancelling' }), []],
    ['after one was stopped', learnJob({ state: 'cancelled', ended: ENDED }), [CommandIDs.learn, CommandIDs.learnOn]],
    ['after one is done', learnJob({ state: 'done', ended: ENDED }), [CommandIDs.learn, CommandIDs.installLearned]]
  ])('are enabled where they make sense: %s', async (_, job, expected) => {
    await begin(job);
    expect(enabled()).toEqual(expected);
  });

  it('learn from the chosen folder, and do nothing when none was chosen', async () => {
    await begin(null);
    accept();
    chosen = null;
    await commands.execute(CommandIDs.learn);
    expect(asked).toEqual([]);
    chosen = 'photographs/faces';
    await commands.execute(CommandIDs.learn);
    expect(asked).toEqual([{ images: 'photographs/faces' }]);
    expect(learningOf(model)?.job).toBe('job-2');
  });

  it('go on with the same request, or with installing what came of it', async () => {
    const { request } = learnJob();
    await begin(learnJob({ state: 'cancelled', ended: ENDED }));
    accept();
    await commands.execute(CommandIDs.learnOn);
    server.push({ type: 'learn', job: learnJob({ state: 'done', report: learnReport(), ended: ENDED }) });
    await commands.execute(CommandIDs.installLearned);
    expect(asked).toEqual([request, { ...request, install: true }]);
  });

  it('stop the pass', async () => {
    await begin(learnJob());
    server.answer('DELETE learn', learnJob({ state: 'cancelling' }));
    await commands.execute(CommandIDs.stopLearning);
    expect(learningOf(model)?.state).toBe('cancelling');
  });

  it('tell once that a pass has ended, well or not, and leave a failure standing', async () => {
    await begin(learnJob());
    const done = learnJob({ state: 'done', report: learnReport(), ended: ENDED });
    server.answer('GET status', { state: 'running', status: sidecarStatus({ learn: done }) });
    server.push({ type: 'learn', job: done });
    await model.refresh();
    expect(toasts()).toEqual([['success', 'An obfuscation was learned.']]);
    server.push({ type: 'learn', job: learnJob({ job: 'job-3' }) });
    const error = { code: 'worker_died', message: 'The learning pass ended by SIGKILL.', remedy: 'Start it again.' };
    server.push({ type: 'learn', job: learnJob({ job: 'job-3', state: 'failed', error, ended: ENDED }) });
    expect(toasts()[0]).toEqual(['error', 'The learning pass ended by SIGKILL.']);
  });

  it('say why a pass was not started', async () => {
    await begin(null);
    const error = { code: 'busy', message: 'Another pass runs.', remedy: 'Wait.' };
    server.answer('POST learn', { error }, 429);
    await commands.execute(CommandIDs.learn);
    expect(toasts()).toEqual([['error', 'Another pass runs. Wait.']]);
  });

  it('keep the end of a pass that was faster than the answer to its start', async () => {
    await begin(null);
    server.routes['POST learn'] = () => {
      const done = learnJob({ state: 'done', report: learnReport(), ended: ENDED });
      server.push({ type: 'learn', job: learnJob() });
      server.answer('GET status', { state: 'running', status: sidecarStatus({ learn: done }) });
      server.push({ type: 'learn', job: done });
      return { body: learnJob() };
    };
    await commands.execute(CommandIDs.learn);
    expect(learningOf(model)?.state).toBe('done');
  });
});
