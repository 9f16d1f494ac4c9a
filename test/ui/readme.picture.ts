import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { runDemo, showNoisy } from './demo';
import { openPanel, resetSidecar, test } from './fixtures';

const PICTURE = resolve(__dirname, '..', '..', 'docs', 'images', 'notebook.png');

test('the picture of the README', async ({ page, request }) => {
  await resetSidecar(request);
  await page.setViewportSize({ width: 1280, height: 860 });
  await runDemo(page);
  await openPanel(page);
  await page.sidebar.setWidth(300);
  await showNoisy(page);
  mkdirSync(dirname(PICTURE), { recursive: true });
  await page.screenshot({ path: PICTURE });
});
