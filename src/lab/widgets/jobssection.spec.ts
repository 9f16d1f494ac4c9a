import { Dialog, Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { batchJob, batchShard, evaluatedJob, sweptJob } from '../../../test/lab/documents';
import { control, one, setValue, show, until } from '../../../test/lab/page';
import { TestServer, type Answer } from '../../../test/lab/server';
import type { BatchJob, BatchView } from '../../protocol';
import { addJobCommands } from '../jobcommands';
import { jobQuestions } from '../jobquestions';
import type { JobsModel } from '../model/jobs';
import { JobsSection } from './jobssection';

describe('the section "Jobs"', () => {
  let server: TestServer;
  let model: JobsModel;
  let section: JobsSection;
  let done: string[];
  const trans = nullTranslator.load('veilbook');

  async function begin(answer: BatchView[] | Answer['body'], status = 200): Promise<HTMLElement> {
    server = new TestServer({ state: 'stopped' });
    done = [];
    if (Array.isArray(answer)) {
      server.answer('GET jobs', { namespace: 'inference', jobs: answer.map(({ job }) => job) });
      answer.forEach(view => server.answer(`GET jobs/${view.job.name}`, view));
    } else {
      server.answer('GET jobs', answer, status);
    }
    model = server.jobs();
    const commands = new CommandRegistry();
    const views = {
      showLog: (name: string) => void done.push(`log ${name}`),
      openNotebook: async (job: BatchJob) => void done.push(`notebook ${job.name}`)
    };
    addJobCommands(commands, model, jobQuestions(trans), views, trans);
    section = new JobsSection(model, commands, trans);
    show(section);
    await until(() => !section.node.textContent?.includes('Looking') && section.node.textContent);
    return section.node;
  }

  afterEach(() => {
    Notification.dismiss();
    section.dispose();
    model.dispose();
    Dialog.flush();
  });

  const running = (changes: Partial<BatchJob> = {}): BatchView => ({
    job: batchJob('fddb-sweep', changes),
    result: null,
    figures: null
  });
  const failure = (code: string, remedy: string) => ({ error: { code, message: `It is ${code}.`, remedy } });
  const toast = () => Notification.manager.notifications.map(({ type, message }) => `${type}: ${message}`).join();
  const dialog = () => until(() => document.querySelector<HTMLElement>('.jp-Dialog'));
  const press = async (label: string) =>
    [...(await dialog()).querySelectorAll('button')].find(({ textContent }) => textContent === label)!.click();

  it('is one line where there is no cluster, and says why to who asks', async () => {
    const node = await begin(failure('cluster_unavailable', 'Set KUBECONFIG.'), 503);
    expect(node.querySelector('[role="alert"]')).toBeNull();
    expect(node.textContent).toMatch(/^For data sets in a Kubernetes cluster; none can be reached from here\./);
    control(node, 'How it works').click();
    expect((await dialog()).textContent).toContain('It is cluster_unavailable.');
    await press('Close');
  });

  it('has the command to copy where the cluster does not allow it', async () => {
    const remedy = 'veilbook rbac --jobs --namespace inference prints the Role that does.';
    const node = await begin(failure('forbidden', remedy), 403);
    expect(one(node, '[role="alert"]').textContent).toContain('Not allowed');
    expect(control(node, 'Copy veilbook rbac --jobs --namespace inference')).toBeTruthy();
  });

  it('shows one bar over all shards, and each shard of an opened Job', async () => {
    const node = await begin([running()]);
    const bar = one<HTMLProgressElement>(node, 'progress');
    expect([bar.value, bar.getAttribute('aria-label')]).toEqual([0.71, 'fddb-sweep, all shards']);
    expect(one(node, 'li').textContent).toMatch(/running · FDDB, sweep over 2 ALPHAs.*71% · 6 of 8 shards · 284 of 712 images/);
    const name = control(node, 'fddb-sweep');
    expect(name.getAttribute('aria-expanded')).toBe('false');
    name.click();
    await until(() => node.querySelectorAll('.jp-Veilbook-shards li').length === 8);
    expect(node.querySelector('.jp-Veilbook-shards')?.textContent).toMatch(/^6 running · 142 of 356 · node-1/);
    expect(name.getAttribute('aria-expanded')).toBe('true');
  });

  it("says why a Job waits or failed in the cluster's words", async () => {
    const reason = '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.';
    const waiting = running({ state: 'pending', share: 0, shards: [batchShard(0, { state: 'pending', reason })] });
    const shards = [batchShard(0, { state: 'failed', exit_code: 2, reason: 'There is no data set in /data/FDDB.' })];
    const failed = { ...running({ state: 'failed', shards }), job: batchJob('broken', { state: 'failed', shards }) };
    const node = await begin([waiting, failed]);
    expect(node.textContent).toContain(reason);
    expect(node.textContent).toContain('There is no data set in /data/FDDB.');
    control(node, 'broken').click();
    await until(() => node.textContent?.includes('exit code 2'));
  });

  it('shows folds of an evaluation', async () => {
    const node = await begin([evaluatedJob()]);
    control(node, 'fddb-clean').click();
    await until(() => node.querySelector('table'));
    expect([...node.querySelectorAll('tr')].map(row => row.textContent)).toEqual([
      'foldAP',
      'FDDB-fold-10.9412',
      'FDDB-fold-20.9500',
      'average0.9456'
    ]);
  });

  it('shows strengths of a sweep with their chart, and what was left out', async () => {
    const node = await begin([sweptJob()]);
    control(node, 'fddb-sweep').click();
    await until(() => node.querySelector('figure svg'));
    expect(node.querySelector('table')?.textContent).toContain('0.80.881093.6%18.0%');
    expect(node.querySelector('figure [role="img"]')?.getAttribute('aria-label')).toContain('Accuracy and leakage');
    expect(node.textContent).toContain('3 images could not be used');
  });

  it('submits what the form holds, once it holds what is needed', async () => {
    const node = await begin([]);
    let sent: unknown;
    server.routes['POST jobs'] = async request => {
      sent = await request.json();
      return { body: { job: batchJob('fddb-alpha-0-8'), made: true, notes: ['All shards run on one node.'] } };
    };
    control(node, 'Evaluate on the cluster…').click();
    const form = await dialog();
    await until(() => form.querySelector('input'));
    const submit = [...form.querySelectorAll('button')].find(({ textContent }) => textContent === 'Submit')!;
    await until(() => submit.disabled);
    setValue(control<HTMLInputElement>(form, 'Volume'), 'inference-data');
    setValue(control<HTMLInputElement>(form, 'Data set'), 'netapp/FDDB');
    control(form, 'at one ALPHA').click();
    await until(() => [...form.querySelectorAll('label')].find(({ textContent }) => textContent === 'ALPHA'));
    await until(() => !submit.disabled);
    setValue(control<HTMLInputElement>(form, 'Shards'), '8');
    submit.click();
    await until(() => toast());
    expect(sent).toEqual({
      ...{ name: 'fddb-alpha-0-8', claim: 'inference-data', dataset: 'netapp/FDDB' },
      ...{ alpha: 0.8, shards: 8, gpus: 0 }
    });
    expect(toast()).toBe('success: fddb-alpha-0-8 is submitted. All shards run on one node.');
  });

  it('says why a Job was not made, and opens the form as it was', async () => {
    const node = await begin([]);
    server.answer('POST jobs', failure('quota_exceeded', 'Free some, or ask for more.'), 507);
    const request = { name: 'mine', claim: 'inference-data', dataset: 'FDDB', alphas: [0.4] };
    await model.submit(request).catch(() => undefined);
    const note = await until(() => node.querySelector<HTMLElement>('.jp-Veilbook-failure'));
    expect(note.textContent).toContain('mine was not madeIt is quota_exceeded.Free some, or ask for more.');
    control(note, 'Change and submit…').click();
    const form = await dialog();
    await until(() => form.querySelector('input'));
    expect(control<HTMLInputElement>(form, 'Name').value).toBe('mine');
    expect(control<HTMLInputElement>(form, 'ALPHAs').value).toBe('0.4');
    await press('Cancel');
    control(note, 'Dismiss').click();
    await until(() => !node.querySelector('.jp-Veilbook-failure'));
  });

  it('cancels what runs and deletes what is over after a yes only', async () => {
    const node = await begin([running(), sweptJob('old')]);
    server.answer('DELETE jobs/fddb-sweep', { removed: 'fddb-sweep', notes: [] });
    control(node, 'Cancel fddb-sweep…').click();
    expect((await dialog()).textContent).toContain('What was written to inference-data:veilbook-results/fddb-sweep stays');
    await press('Keep it');
    await until(() => !document.querySelector('.jp-Dialog'));
    expect(server.requests).not.toContain('DELETE jobs/fddb-sweep');
    control(node, 'Cancel fddb-sweep…').click();
    await press('Cancel the Job');
    await until(() => toast());
    expect(toast()).toBe('success: fddb-sweep is cancelled.');
    expect(control(node, 'Delete old…')).toBeTruthy();
  });

  it('opens logs and notebooks', async () => {
    const node = await begin([running()]);
    control(node, 'Show the log of fddb-sweep').click();
    control(node, 'Open fddb-sweep as a notebook').click();
    await until(() => done.length === 2);
    expect(done).toEqual(['log fddb-sweep', 'notebook fddb-sweep']);
  });

  it('keeps the list when the cluster goes away, marked as old', async () => {
    const node = await begin([running()]);
    server.answer('GET jobs', failure('cluster_unavailable', 'See that it runs.'), 503);
    await model.refresh();
    const alert = await until(() => node.querySelector('[role="alert"]'));
    expect(alert.textContent).toContain('Offline');
    expect(control<HTMLButtonElement>(node, 'Evaluate on the cluster…').disabled).toBe(true);
    expect(node.querySelectorAll('.jp-Veilbook-job')).toHaveLength(1);
  });
});
