import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, frames, noisyFrame, openNotebook, openPanel, runAll, test, type Page } from './fixtures';

const ROOT = resolve(__dirname, '..', '..');
const FOLDER = process.env.VEILBOOK_SCREENSHOTS ?? join(ROOT, 'test-results', 'looks');
const NARROW = 251;
const WIDE = 420;

/** Pictures for a person to look at; they are compared with nothing. */
async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
}

async function runDemo(page: Page): Promise<void> {
  await openNotebook(page, 'image-demo.ipynb');
  await runAll(page);
  await expect(frames(page).first()).toBeVisible();
}

/** The last noisy frame of the notebook, at the top of what can be seen, with what an attacker makes of it. */
async function showNoisy(page: Page): Promise<void> {
  const noisy = await noisyFrame(page);
  await noisy.getByRole('radio', { name: 'Side by side' }).check();
  await noisy.evaluate(node => node.closest('.jp-Cell')?.scrollIntoView({ block: 'start' }));
  await page.mouse.move(0, 0);
}

test('the notebook and the panel, light and dark, narrow and wide', async ({ page }) => {
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
});

test('the picture of the README @readme', async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 860 });
  await runDemo(page);
  await openPanel(page);
  await page.sidebar.setWidth(300);
  await showNoisy(page);
  mkdirSync(join(ROOT, 'docs', 'images'), { recursive: true });
  await page.screenshot({ path: join(ROOT, 'docs', 'images', 'notebook.png') });
});
