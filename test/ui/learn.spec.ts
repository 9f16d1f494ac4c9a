import { galata } from '@jupyterlab/galata';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { LearnJob } from '../../src/protocol';
import { learnJob, learnReport } from '../lab/documents';
import { expect, openPanel, resetSidecar, status, test, type Page } from './fixtures';

const FOLDER = process.env.VEILBOOK_SCREENSHOTS ?? join(resolve(__dirname, '..', '..'), 'test-results', 'looks');
const ENDED = new Date().toISOString();
const RUNNING = learnJob({ progress: { stage: 'refine', knot: 0.4, done: 0.42, seconds_left: 185 } });
const FAILURE = {
  code: 'bad_request',
  message: '/home/me/photographs/faces holds 3 photographs, and 384 are needed. Nothing was learned.',
  remedy: 'Name a folder with more.'
};

/** A real pass takes minutes: the browser gets its states without one, from the server's answers. */
class Pass {
  job: LearnJob | null = null;
  readonly asked: { method: string; body: unknown }[] = [];

  constructor(private readonly page: Page) {}

  async answer(): Promise<void> {
    await this.page.route('**/veilbook/status*', async route => {
      const response = await route.fetch();
      const body = await response.json();
      if (body.state === 'running') {
        body.status.learn = this.job;
      }
      await route.fulfill({ response, json: body });
    });
    await this.page.route('**/veilbook/learn*', async route => {
      const request = route.request();
      this.asked.push({ method: request.method(), body: request.postDataJSON() });
      this.job = request.method() === 'DELETE' ? { ...RUNNING, state: 'cancelling' } : RUNNING;
      await route.fulfill({ json: this.job });
    });
  }
}

async function started(page: Page): Promise<ReturnType<Page['getByRole']>> {
  const panel = await openPanel(page);
  await panel.getByRole('button', { name: 'Start', exact: true }).click();
  return panel.getByRole('region', { name: 'Learning' });
}

// The panel asks for the status as often as it can, for these answers come without events.
test.use({ mockSettings: { ...galata.DEFAULT_SETTINGS, 'veilbook:plugin': { pollInterval: 2 } } });
test.beforeEach(({ request }) => resetSidecar(request));

test('learns from a folder that is chosen in a dialog, shows how far it is, and stops', async ({ page, request, tmpPath }) => {
  await request.put(`/api/contents/${tmpPath}/faces`, { data: { type: 'directory' } });
  const pass = new Pass(page);
  await pass.answer();
  const learning = await started(page);
  await learning.getByRole('button', { name: 'Learn…' }).press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('Learn from the photographs in a folder');
  await dialog.getByText(tmpPath, { exact: true }).dblclick();
  await dialog.getByText('faces', { exact: true }).click();
  await dialog.getByRole('button', { name: 'Select' }).click();
  await expect(learning.getByRole('progressbar', { name: 'Learning' })).toBeVisible();
  expect(pass.asked).toEqual([{ method: 'POST', body: { images: `${tmpPath}/faces` } }]);
  await expect(learning).toContainText('42% · ALPHA 0.4 · 3 min left');
  await learning.getByRole('button', { name: 'Stop' }).click();
  await expect(learning).toContainText('Stopping…');
  expect(pass.asked[1].method).toBe('DELETE');
  expect((await status(request)).state).toBe('running');
});

test('its states, light and dark, narrow and wide', async ({ page }) => {
  mkdirSync(FOLDER, { recursive: true });
  const pass = new Pass(page);
  await pass.answer();
  const learning = await started(page);
  const states: [string, LearnJob | null][] = [
    ['none', null],
    ['running', RUNNING],
    ['done', learnJob({ state: 'done', report: learnReport(), ended: ENDED })],
    ['failed', learnJob({ state: 'failed', error: FAILURE, ended: ENDED })],
    ['cancelled', { ...RUNNING, state: 'cancelled', ended: ENDED }]
  ];
  for (const [name, job] of states) {
    pass.job = job;
    await expect(learning.getByRole('button', { name: name === 'running' ? 'Stop' : 'Learn…' })).toBeVisible();
    await expect(learning.getByRole('alert')).toHaveCount(name === 'failed' ? 1 : 0);
    await expect(learning.getByRole('table')).toHaveCount(name === 'done' ? 1 : 0);
    await expect(learning.getByText('Stopped at')).toHaveCount(name === 'cancelled' ? 1 : 0);
    for (const [theme, width] of [
      ['Light', 251],
      ['Light', 420],
      ['Dark', 420],
      ['Dark', 251]
    ] as const) {
      await page.theme.setTheme(`JupyterLab ${theme}`);
      await page.sidebar.setWidth(width);
      // Nothing is wider than the panel.
      expect(await learning.evaluate(node => node.scrollWidth <= node.clientWidth)).toBe(true);
      await learning.screenshot({ path: join(FOLDER, `learn-${name}-${width}-${theme.toLowerCase()}.png`) });
    }
  }
});
