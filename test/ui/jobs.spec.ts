import type { Locator } from '@playwright/test';
import { drawCurves } from '../../src/audit/report/charts';
import { sweepChart } from '../../src/audit/report/sweep-chart';
import type { BatchView, ErrorBody, SweepDocument } from '../../src/protocol';
import { batchJob, batchShard, evaluatedJob, sweptJob } from '../lab/documents';
import { expect, openPanel, tabTo, test, type Page } from './fixtures';
import { expectAccessible, shoot } from './looks';

// So high that a picture has the whole section, once it is alone.
test.use({ viewport: { width: 1280, height: 1200 } });

const LOOKS = [
  ['Light', 251],
  ['Light', 520],
  ['Dark', 520],
  ['Dark', 251]
] as const;

/** A cluster as a sidecar would tell of it. What is submitted or removed is noted, and nothing comes of it. */
async function shownWith(
  page: Page,
  answer: BatchView[] | ErrorBody,
  status = 200
): Promise<{ section: Locator; sent: unknown[] }> {
  const sent: unknown[] = [];
  await page.route('**/veilbook/jobs**', route => {
    const request = route.request();
    const json = (body: object, code = 200) =>
      route.fulfill({ status: code, contentType: 'application/json', body: JSON.stringify(body) });
    if (request.method() !== 'GET') {
      sent.push(request.method() === 'POST' ? request.postDataJSON() : new URL(request.url()).pathname);
      const error = { code: 'quota_exceeded', message: 'The quota of namespace inference is full: requests.nvidia.com/gpu.' };
      return json({ error: { ...error, remedy: 'Free some, or ask for more.' } }, 507);
    }
    if (!Array.isArray(answer)) {
      return json(answer, status);
    }
    const [, name, logs] = /\/jobs(?:\/([^/?]+)(\/logs)?)?/.exec(new URL(request.url()).pathname)!;
    const view = answer.find(({ job }) => job.name === name);
    if (logs) {
      const lines = ['veilbook: 356 images', 'veilbook: progress 142/356'];
      return json({ pods: [0, 1].map(shard => ({ pod: `${name}-${shard}`, shard, lines })) });
    }
    return json(view ?? { namespace: 'inference', jobs: answer.map(({ job }) => job) });
  });
  const panel = await openPanel(page);
  const section = panel.locator('.jp-Veilbook-jobs');
  await section.waitFor();
  const others = panel.locator('.lm-AccordionPanel-title[aria-expanded="true"]').filter({ hasNotText: /^Jobs$/ });
  while ((await others.count()) > 0) {
    await others.first().click();
  }
  return { section, sent };
}

/** Pictures narrow and wide, light and dark; in each, axe has nothing grave to say and nothing is wider than the panel. */
async function look(page: Page, section: Locator, name: string): Promise<void> {
  for (const [theme, width] of LOOKS) {
    await page.theme.setTheme(`JupyterLab ${theme}`);
    await page.sidebar.setWidth(width);
    expect(await section.evaluate(node => node.scrollWidth <= node.clientWidth)).toBe(true);
    await shoot(section, `jobs-${name}-${width}-${theme.toLowerCase()}`);
    await expectAccessible(page, '.jp-Veilbook-panel');
  }
}

const failure = (code: string, message: string, remedy: string): ErrorBody => ({ error: { code, message, remedy } });
const running: BatchView = { job: batchJob(), result: null, figures: null };

/** The sweep of the documents with the chart that a sidecar draws of it. */
function swept(): BatchView {
  const view = sweptJob('fddb-sweep-2');
  const chart = sweepChart(view.result!.document as unknown as SweepDocument, 'recovered');
  return { ...view, figures: { narrow: drawCurves(chart, 230, 260), wide: drawCurves(chart, 440, 300) } };
}

test.describe('what Jobs show can be read by everybody', () => {
  test('without a cluster: one line', async ({ page }) => {
    const message = 'No kubeconfig says which cluster is meant, and this is no pod of one.';
    const { section } = await shownWith(page, failure('cluster_unavailable', message, 'Set KUBECONFIG.'), 503);
    await expect(section.getByText('none can be reached from here')).toBeVisible();
    await expect(section.getByRole('alert')).toHaveCount(0);
    await look(page, section, 'absent');
    await section.getByRole('button', { name: 'How it works' }).click();
    await expect(page.getByRole('dialog')).toContainText(message);
    await expectAccessible(page, '.jp-Dialog');
    await shoot(page.getByRole('dialog'), 'jobs-about');
    await page.keyboard.press('Escape');
  });

  test('where the cluster does not allow it: the command that helps', async ({ page }) => {
    const remedy = 'veilbook rbac --jobs --namespace inference prints the Role that does.';
    const message = 'The cluster does not allow to list jobs in namespace inference.';
    const { section } = await shownWith(page, failure('forbidden', message, remedy), 403);
    await expect(section.getByRole('alert')).toContainText(message);
    await expect(section.getByRole('button', { name: 'Copy veilbook rbac --jobs --namespace inference' })).toBeVisible();
    await look(page, section, 'forbidden');
  });

  test('before the first Job', async ({ page }) => {
    const { section } = await shownWith(page, []);
    await expect(section.getByText('No Job so far.')).toBeVisible();
    await look(page, section, 'empty');
  });

  test('at work, waiting, failed and done', async ({ page }) => {
    const reason = '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.';
    const pending = batchJob('wider-clean', {
      state: 'pending',
      share: 0,
      shards: [batchShard(0, { state: 'pending', reason })]
    });
    const shards = [batchShard(0, { state: 'failed', exit_code: 2, reason: 'There is no data set in /data/FDDB.' })];
    const broken = batchJob('fddb-alpha-0-8-of-the-second-half-of-the-archive', { state: 'failed', shards });
    const views = [pending, broken].map(job => ({ job, result: null, figures: null }));
    const { section } = await shownWith(page, [running, ...views, evaluatedJob()]);
    await expect(section.getByRole('progressbar')).toHaveCount(2);
    await expect(section.getByText(reason)).toBeVisible();
    await look(page, section, 'list');
    await section.getByRole('button', { name: 'fddb-sweep', exact: true }).click();
    await expect(section.getByText('142 of 356').first()).toBeVisible();
    await look(page, section, 'running');
  });

  test('with the folds of an evaluation', async ({ page }) => {
    const { section } = await shownWith(page, [evaluatedJob()]);
    await section.getByRole('button', { name: 'fddb-clean', exact: true }).click();
    await expect(section.getByRole('row', { name: 'FDDB-fold-2 0.9500' })).toBeVisible();
    await look(page, section, 'folds');
  });

  test('with accuracy and leakage of a sweep', async ({ page }) => {
    const { section } = await shownWith(page, [swept()]);
    await section.getByRole('button', { name: 'fddb-sweep-2', exact: true }).click();
    await expect(section.getByRole('img', { name: /Accuracy and leakage/ }).first()).toBeVisible();
    await expect(section.getByRole('row', { name: '0.8 0.8810 93.6% 18.0%' })).toBeVisible();
    await look(page, section, 'sweep');
  });

  test('when the server is away', async ({ page }) => {
    const { section } = await shownWith(page, [running]);
    await expect(section.getByRole('progressbar')).toBeVisible();
    await page.route('**/veilbook/**', route => route.abort());
    await expect(section.getByRole('alert')).toContainText('Offline');
    await look(page, section, 'offline');
  });
});

test('a Job is submitted by keyboard alone, and refused in the words of the cluster', async ({ page }) => {
  const { section, sent } = await shownWith(page, [evaluatedJob()]);
  const button = section.getByRole('button', { name: 'Evaluate on the cluster…' });
  await button.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Volume')).toBeFocused();
  await expect(dialog.getByLabel('Volume')).toHaveValue('inference-data');
  await tabTo(page, dialog.getByRole('radio', { name: 'without noise' }));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(dialog.getByLabel('ALPHAs')).toBeVisible();
  await tabTo(page, dialog.getByLabel('ALPHAs'));
  await page.keyboard.press('Control+A');
  await page.keyboard.type('0.2, nothing');
  await expect(dialog.getByRole('button', { name: 'Submit' })).toBeDisabled();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('0.2, 0.8');
  await tabTo(page, dialog.getByLabel('Shards'));
  await page.keyboard.press('Control+A');
  await page.keyboard.type('8');
  await expectAccessible(page, '.jp-Dialog');
  await shoot(dialog, 'jobs-form');
  await tabTo(page, dialog.getByText('More options'));
  await page.keyboard.press('Enter');
  await expect(dialog.getByLabel('Snapshot')).toBeVisible();
  await expectAccessible(page, '.jp-Dialog');
  await shoot(dialog, 'jobs-form-more');
  await tabTo(page, dialog.getByRole('button', { name: 'Submit' }));
  await page.keyboard.press('Enter');
  await expect(section.getByRole('alert')).toContainText('The quota of namespace inference is full');
  expect(sent).toEqual([
    { name: 'fddb-sweep', claim: 'inference-data', dataset: 'netapp/FDDB', alphas: [0.2, 0.8], shards: 8, gpus: 0 }
  ]);
  await look(page, section, 'refused');
});

test('the log and a notebook of a Job open beside it', async ({ page }) => {
  const { section } = await shownWith(page, [running]);
  await section.getByRole('button', { name: 'Show the log of fddb-sweep' }).click();
  await expect(page.getByRole('log', { name: 'Log of fddb-sweep' })).toContainText('[1] veilbook: progress 142/356');
  await section.getByRole('button', { name: 'Open fddb-sweep as a notebook' }).click();
  await expect(page.getByRole('tab', { name: 'fddb-sweep.ipynb' })).toBeVisible();
  await expect(page.locator('.jp-NotebookPanel:visible')).toContainText('from veilbook.evaluated import Sweep');
});
