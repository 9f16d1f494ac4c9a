import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runDemo, showNoisy } from './demo';
import { expect, openPanel, resetSidecar, sidecarPid, stopSidecar, test, type Page } from './fixtures';

const ROOT = resolve(__dirname, '..', '..');
const FOLDER = process.env.VEILBOOK_SCREENSHOTS ?? join(ROOT, 'test-results', 'looks');
const NARROW = 251;
const WIDE = 420;

/** Pictures for a person to look at; they are compared with nothing. */
async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
}

test.beforeEach(({ request }) => resetSidecar(request));

test('the notebook and the panel, light and dark, narrow and wide', async ({ page, request }) => {
  await runDemo(page);
  for (const theme of ['Light', 'Dark']) {
    await page.theme.setTheme(`JupyterLab ${theme}`);
    const name = theme.toLowerCase();
    await page.sidebar.close('left');
    await showNoisy(page);
    await shoot(page, `notebook-${name}`);
    await openPanel(page);
    await page.sidebar.setWidth(NARROW);
    await shoot(page, `panel-narrow-${name}`);
    await page.sidebar.setWidth(WIDE);
    await shoot(page, `panel-wide-${name}`);
  }
  const panel = await openPanel(page);
  await page.sidebar.setWidth(NARROW);
  process.kill(await sidecarPid(request), 'SIGKILL');
  await expect(panel.getByRole('alert')).toBeVisible();
  await shoot(page, 'panel-failed');
  await stopSidecar(request);
  await expect(panel.getByText('The sidecar is not running')).toBeVisible();
  await shoot(page, 'panel-stopped');
});
