import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { learnJob, learnReport, sidecarStatus } from '../../../test/lab/documents';
import { control, one, show, until } from '../../../test/lab/page';
import { TestServer } from '../../../test/lab/server';
import type { LearnJob } from '../../protocol';
import { CommandIDs } from '../commands';
import type { SidecarModel } from '../model/sidecar';
import { InferenceSection } from './section';

const COMMANDS = [CommandIDs.learn, CommandIDs.learnOn, CommandIDs.stopLearning, CommandIDs.installLearned];
const ENDED = new Date().toISOString();

describe('learning in the inference section', () => {
  let server: TestServer;
  let model: SidecarModel;
  let section: InferenceSection;
  let executed: string[];

  /** The part that learns, once the section is drawn. */
  async function open(learn: LearnJob | null | undefined): Promise<HTMLElement> {
    server = new TestServer({ state: 'running', status: sidecarStatus({ learn }) });
    model = server.model();
    executed = [];
    const commands = new CommandRegistry();
    for (const id of [...COMMANDS, CommandIDs.restart, CommandIDs.showLog]) {
      commands.addCommand(id, { execute: () => void executed.push(id) });
    }
    section = new InferenceSection(model, commands, nullTranslator.load('veilbook'));
    show(section);
    return until(() => section.node.querySelector<HTMLElement>('section[aria-label="Learning"]'));
  }

  const buttons = (node: HTMLElement) => [...node.querySelectorAll('button')].map(button => button.textContent);

  afterEach(() => {
    section.dispose();
    model.dispose();
  });

  it.each([null, undefined])('says what it is for before the first pass, and offers it (%s)', async learn => {
    const node = await open(learn);
    expect(node.textContent).toContain('Learn an obfuscation from photographs of yours.');
    expect(buttons(node)).toEqual(['Learn…']);
    control(node, 'Learn…').click();
    expect(executed).toEqual([CommandIDs.learn]);
  });

  it('shows stage, ALPHA and time left while it runs, as events bring them, and offers to stop', async () => {
    const node = await open(learnJob());
    expect(one(node, '[role="status"]').textContent).toBe('Starting');
    server.push({
      type: 'learn',
      job: learnJob({ progress: { stage: 'refine', knot: 0.4, done: 0.425, seconds_left: 185 } })
    });
    await until(() => node.textContent?.includes('42% · ALPHA 0.4 · 3 min left'));
    expect(one(node, '[role="status"]').textContent).toBe('Refining the noise');
    expect(one<HTMLProgressElement>(node, 'progress').value).toBe(0.425);
    expect(node.textContent).toContain('faces');
    expect(buttons(node)).toEqual(['Stop']);
    control(node, 'Stop').click();
    expect(executed).toEqual([CommandIDs.stopLearning]);
  });

  it('says that it stops, and then that what was learned is kept, and offers to go on', async () => {
    const progress = { stage: 'spectra', knot: null, done: 0.1, seconds_left: null } as const;
    const node = await open(learnJob({ state: 'cancelling', progress }));
    expect(one(node, '[role="status"]').textContent).toBe('Stopping…');
    expect(buttons(node)).toEqual([]);
    const cancelled = learnJob({ state: 'cancelled', progress, ended: ENDED });
    server.answer('GET status', { state: 'running', status: sidecarStatus({ learn: cancelled }) });
    server.push({ type: 'learn', job: cancelled });
    await until(() => node.textContent?.includes('Stopped at 10%. What was learned so far is kept.'));
    expect(buttons(node)).toEqual(['Go on', 'Learn…']);
    control(node, 'Go on').click();
    expect(executed).toEqual([CommandIDs.learnOn]);
  });

  it('shows cause and remedy of a failure', async () => {
    const error = { code: 'bad_request', message: '3 photographs are too few.', remedy: 'Give 384.' };
    const node = await open(learnJob({ state: 'failed', error, ended: ENDED }));
    expect(one(node, '[role="alert"]').textContent).toBe('3 photographs are too few.Give 384.');
    expect(buttons(node)).toEqual(['Go on', 'Learn…']);
  });

  it('shows for each ALPHA what the stronger attacker recovers and what is kept, and offers to use it', async () => {
    const node = await open(learnJob({ state: 'done', report: learnReport(), ended: ENDED }));
    const rows = [...node.querySelectorAll('tbody tr')].map(row => [...row.children].map(cell => cell.textContent));
    expect(rows).toEqual([
      ['0.2', '73%', '99%', 'filter + denoiser'],
      ['0.8', '18%', '91%', 'filter + denoiser']
    ]);
    expect(node.textContent).toContain('64 photographs that were held out of 384');
    expect(node.textContent).toContain('/home/me/obfuscation-faceboxes/obfuscation.json');
    expect(buttons(node)).toEqual(['Use it', 'Learn…']);
    control(node, 'Use it').click();
    expect(executed).toEqual([CommandIDs.installLearned]);
  });

  it('has nothing more to offer for an artefact that is in use', async () => {
    const { request } = learnJob();
    const node = await open(
      learnJob({ state: 'done', report: learnReport(), ended: ENDED, request: { ...request, install: true } })
    );
    expect(buttons(node)).toEqual(['Learn…']);
  });

  it('can be looked at but not touched while the server is away', async () => {
    const node = await open(learnJob({ state: 'done', report: learnReport(), ended: ENDED }));
    server.goAway();
    await model.refresh();
    await until(() => control<HTMLButtonElement>(node, 'Use it').disabled);
  });
});
