import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { measuredStrengths, runSummary, sidecarStatus } from '../../../test/lab/documents';
import { control, one, setValue, show, until } from '../../../test/lab/page';
import { TestServer } from '../../../test/lab/server';
import type { PanelStatus, SidecarStatus } from '../../protocol';
import { CommandIDs } from '../commands';
import type { SidecarModel } from '../model/sidecar';
import { InferenceSection } from './section';

const trans = nullTranslator.load('veilbook');

describe('the inference section', () => {
  let server: TestServer;
  let model: SidecarModel;
  let section: InferenceSection;
  let executed: string[];

  async function open(status: PanelStatus | 'away'): Promise<HTMLElement> {
    server = new TestServer(status === 'away' ? { state: 'stopped' } : status);
    if (status === 'away') {
      server.goAway();
    }
    model = server.model();
    executed = [];
    const commands = new CommandRegistry();
    for (const id of [CommandIDs.start, CommandIDs.restart, CommandIDs.showLog]) {
      commands.addCommand(id, { execute: () => void executed.push(id) });
    }
    section = new InferenceSection(model, commands, trans);
    show(section);
    await until(() => (model.asOf || model.outage) && section.node.textContent);
    await until(() => !section.node.textContent?.includes('Looking for'));
    return section.node;
  }

  const running = (changes: Partial<SidecarStatus> = {}) => open({ state: 'running', status: sidecarStatus(changes) });

  afterEach(() => {
    section.dispose();
    model.dispose();
  });

  it('offers the usable devices and says why the others are not', async () => {
    const node = await running();
    const device = control<HTMLSelectElement>(node, 'Device');
    expect([...device.options].map(option => [option.value, option.disabled])).toEqual([
      ['auto', false],
      ['cpu', false],
      ['cuda:0', true]
    ]);
    expect(device.options[0].text).toBe('auto: cpu');
    expect(one(node, '.jp-Veilbook-unusable').textContent).toContain('Its execution provider is not installed.');
    server.answer('PUT defaults', { alpha: 0.2, device: 'cpu' });
    setValue(device, 'cpu');
    await until(() => server.requests.includes('PUT defaults'));
  });

  it('shows model, artefact and what ALPHA means, and says uncalibrated in a word', async () => {
    const node = await running();
    expect(node.textContent).toContain('faceboxes');
    expect(node.textContent).toContain('1.0 M parameters');
    expect(one(node, '.jp-Veilbook-badge').textContent).toBe('uncalibrated');
    expect(one(node, '.jp-Veilbook-meaning').textContent).toBe('A scale, not a measurement.');
    const slider = control<HTMLInputElement>(node, 'ALPHA slider');
    expect([slider.min, slider.max, slider.value]).toEqual(['0.05', '0.95', '0.2']);
    expect(one(node, 'ul[aria-label="Notices"]').textContent).toBe('Runs use the CPU.');
  });

  it('says what was measured at the ALPHA that is chosen, also while it is dragged', async () => {
    const { model: described } = sidecarStatus();
    const artefact = { ...described.artefact!, strengths: measuredStrengths() };
    const node = await running({ model: { ...described, artefact } });
    const told = () => [...node.querySelectorAll('.jp-Veilbook-measured')].map(line => line.textContent);
    expect(told()).toEqual(['Measured: ALPHA 0.23 · 99% agreement', 'After 16 looks at one source: 0.07']);
    const number = control<HTMLInputElement>(node, 'ALPHA');
    expect(node.ownerDocument.getElementById(number.getAttribute('aria-describedby')!)!.textContent).toContain('0.23');
    setValue(control<HTMLInputElement>(node, 'ALPHA slider'), '0.8');
    await until(() => told()[0] === 'Measured: ALPHA 0.85 · 62% agreement');
  });

  it('says that noisy runs are refused when the model has no artefact', async () => {
    const { model: described } = sidecarStatus();
    const node = await running({ model: { ...described, artefact: null } });
    expect(node.textContent).toContain('noisy runs are refused');
    expect(node.querySelector('input[type="range"]')).toBeNull();
  });

  it('sets ALPHA once for a whole movement of the slider', async () => {
    const node = await running();
    server.answer('PUT defaults', { alpha: 0.5, device: 'auto' });
    for (const value of ['0.3', '0.4', '0.5']) {
      setValue(control<HTMLInputElement>(node, 'ALPHA slider'), value);
    }
    await until(() => model.current.state === 'running' && model.current.status.defaults.alpha === 0.5);
    await until(() => control<HTMLInputElement>(node, 'ALPHA').value === '0.5');
    expect(server.requests.filter(request => request === 'PUT defaults')).toHaveLength(1);
  });

  it('sends no ALPHA outside the range of the artefact', async () => {
    const node = await running();
    setValue(control<HTMLInputElement>(node, 'ALPHA'), '2');
    await until(() => node.querySelector('[role="alert"]')?.textContent === 'This artefact knows ALPHA 0.05 to 0.95.');
    await new Promise(resolve => setTimeout(resolve, 500));
    expect(server.requests).not.toContain('PUT defaults');
  });

  it('shows why a value was refused, and the old value', async () => {
    const node = await running();
    server.answer('PUT defaults', { error: { code: 'bad_alpha', message: 'No.', remedy: 'Use less.' } }, 400);
    setValue(control<HTMLInputElement>(node, 'ALPHA'), '0.9');
    await until(() => node.querySelector('[role="alert"]')?.textContent === 'No. Use less.');
    await until(() => control<HTMLInputElement>(node, 'ALPHA').value === '0.2');
  });

  it('lists the last runs, the failed ones with their error, and shows all on demand', async () => {
    const runs = ['a', 'b', 'c', 'd', 'e', 'f'].map(run => runSummary(run));
    runs[1] = runSummary('b', { error: 'b.jpg is truncated.', faces: null, mode: 'clean', alpha: null });
    const node = await running({ runs });
    const items = () => [...node.querySelectorAll('.jp-Veilbook-run')].map(item => item.textContent);
    expect(items()).toHaveLength(5);
    expect(items()[0]).toMatch(/^a\.jpg.*2.*noisy · ALPHA 0\.2 uncalibrated · 1 face · 12 ms · cpu$/);
    expect(items()[1]).toContain('failed · cleanb.jpg is truncated.');
    control(node, 'Show all 6').click();
    await until(() => items().length === 6);
  });

  it('shows an example before the first run, and copies it', async () => {
    const node = await running();
    expect(one(node, 'pre').textContent).toBe('%load_ext veilbook\n%veil noisy photo.jpg');
    expect(control(node, 'Copy the example cell')).toBeTruthy();
  });

  it('starts the sidecar when it is stopped', async () => {
    const node = await open({ state: 'stopped' });
    control(node, 'Start').click();
    expect(executed).toEqual([CommandIDs.start]);
  });

  it('shows cause, remedy and the end of the log when it has failed', async () => {
    const error = { code: 'internal', message: 'It died.', remedy: 'Start it again.' };
    const node = await open({ state: 'failed', error, log: ['info started', 'fatal out of memory'] });
    const alert = one(node, '[role="alert"]');
    expect(alert.textContent).toContain('It died.');
    expect(alert.textContent).toContain('Start it again.');
    expect(one(node, 'pre').textContent).toBe('info started\nfatal out of memory');
    control(node, 'Restart').click();
    control(node, 'Show log').click();
    expect(executed).toEqual([CommandIDs.restart, CommandIDs.showLog]);
  });

  it('keeps what it showed when the server goes away, marked as old, and comes back by Retry', async () => {
    const node = await running({ runs: [runSummary('a')] });
    server.goAway();
    await model.refresh();
    await until(() => node.querySelector('[role="alert"]'));
    expect(node.textContent).toContain('Offline');
    expect(node.textContent).toMatch(/Below: as it was/);
    expect(node.textContent).toContain('Last seen running');
    expect(node.textContent).toContain('a.jpg');
    expect(one<HTMLFieldSetElement>(node, 'fieldset').disabled).toBe(true);
    server.answer('GET status', { state: 'stopped' });
    control(node, 'Retry').click();
    await until(() => node.textContent?.includes('The sidecar is not running') && !node.querySelector('[role="alert"]'));
  });

  it('says that the server extension cannot be reached when it never was', async () => {
    const node = await open('away');
    expect(one(node, '[role="alert"]').textContent).toContain('The Jupyter server does not answer.');
    expect(node.querySelector('fieldset')).toBeNull();
  });

  it('says who may not use it, and shows nothing else', async () => {
    const node = await running();
    server.answer('GET status', { error: { code: 'unauthorized', message: 'Forbidden', remedy: 'Log in.' } }, 403);
    await model.refresh();
    await until(() => node.textContent?.includes('Not allowed'));
    expect(node.textContent).toContain('Log in.');
    expect(node.querySelector('fieldset')).toBeNull();
  });

  it('is busy while the sidecar restarts', async () => {
    const node = await running();
    let finish: () => void = () => undefined;
    const restarted = new Promise<void>(resolve => (finish = resolve));
    server.routes['POST restart'] = async () => {
      await restarted;
      return { body: { state: 'running', status: sidecarStatus() } };
    };
    const restarting = model.run('restart');
    await until(() => node.querySelector('[role="status"]')?.textContent === 'Restarting…');
    expect(one(node, '.jp-Veilbook-content').getAttribute('aria-busy')).toBe('true');
    expect(one<HTMLFieldSetElement>(node, 'fieldset').disabled).toBe(true);
    finish();
    await restarting;
    await until(() => !one<HTMLFieldSetElement>(node, 'fieldset').disabled);
  });

  it('neither asks nor draws while it is hidden, and is up to date when it is shown', async () => {
    const node = await running();
    section.hide();
    const asked = server.requests.length;
    server.push({ type: 'run', run: runSummary('unseen') });
    server.push({ type: 'state', state: 'running' });
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(server.requests).toHaveLength(asked);
    expect(node.textContent).not.toContain('unseen');
    server.answer('GET status', { state: 'running', status: sidecarStatus({ runs: [runSummary('seen')] }) });
    section.show();
    await until(() => node.textContent?.includes('seen.jpg'));
  });
});
