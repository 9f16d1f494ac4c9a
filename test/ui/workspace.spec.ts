import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { APIRequestContext, Locator } from '@playwright/test';
import { expect, openNotebook, openPanel, putNotebook, resetSidecar, tabTo, test, type Page } from './fixtures';

const FOLDER = process.env.VEILBOOK_SCREENSHOTS ?? join(resolve(__dirname, '..', '..'), 'test-results', 'looks');

async function write(request: APIRequestContext, path: string, content: string): Promise<void> {
  const answer = await request.put(`/api/contents/${path}`, { data: { type: 'file', format: 'text', content } });
  expect(answer.ok()).toBe(true);
}

async function read(request: APIRequestContext, path: string): Promise<string | null> {
  const answer = await request.get(`/api/contents/${path}?content=1`);
  return answer.ok() ? (await answer.json()).content : null;
}

/** The panel with its list, by a sidecar that runs. */
async function shown(page: Page): Promise<Locator> {
  const panel = await openPanel(page);
  await panel.getByRole('button', { name: 'Show snapshots' }).click();
  await panel.getByRole('region', { name: 'Snapshots' }).waitFor();
  return panel;
}

async function look(page: Page, panel: Locator, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const section = panel.locator('.jp-Veilbook-workspace');
  for (const [theme, width] of [
    ['Light', 251],
    ['Light', 420],
    ['Dark', 420],
    ['Dark', 251]
  ] as const) {
    await page.theme.setTheme(`JupyterLab ${theme}`);
    await page.sidebar.setWidth(width);
    // Nothing is wider than the panel.
    expect(await section.evaluate(node => node.scrollWidth <= node.clientWidth)).toBe(true);
    await panel.screenshot({ path: join(FOLDER, `workspace-${name}-${width}-${theme.toLowerCase()}.png`) });
  }
}

test.beforeEach(({ request }) => resetSidecar(request));

test('takes a snapshot, restores it and undoes that, by mouse', async ({ page, request, tmpPath }) => {
  const file = `${tmpPath}/labels.csv`;
  await write(request, file, 'one');
  const panel = await shown(page);
  await page.evaluate(async path => {
    await window.jupyterapp.commands.execute('docmanager:open', { path, factory: 'Editor' });
  }, file);
  const editor = page.getByRole('main').locator('.jp-FileEditor .cm-content');
  await editor.click();
  await page.keyboard.press('ControlOrMeta+End');
  await page.keyboard.type(' more');
  await panel.getByLabel('Label of the snapshot').fill('before training');
  await panel.getByRole('button', { name: 'Snapshot', exact: true }).click();
  await expect(page.getByText('The snapshot is taken; 1 document was saved.')).toBeVisible();
  expect(await read(request, file)).toBe('one more');
  const item = panel.getByRole('listitem').filter({ hasText: 'before training' });
  await expect(item).toHaveCount(1);

  await write(request, file, 'two!');
  await write(request, `${tmpPath}/later.txt`, 'later');
  await item.getByRole('button', { name: 'Restore before training…' }).click();
  const dialog = page.getByRole('dialog');
  mkdirSync(FOLDER, { recursive: true });
  await expect(dialog).toContainText('A safety snapshot is taken first');
  await dialog.screenshot({ path: join(FOLDER, 'workspace-dialog.png') });
  await dialog.getByRole('button', { name: 'Restore' }).click();
  await expect(page.getByText(/The snapshot is restored: .* came back, .* changed, .* removed/)).toBeVisible();
  expect(await read(request, file)).toBe('one more');
  expect(await read(request, `${tmpPath}/later.txt`)).toBeNull();
  await expect(editor).toHaveText('one more');
  await look(page, panel, 'restored');

  await panel.getByRole('button', { name: 'Undo', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText(/The restore is undone/)).toBeVisible();
  expect(await read(request, file)).toBe('two!');
  expect(await read(request, `${tmpPath}/later.txt`)).toBe('later');
  await expect(editor).toHaveText('two!');
  await expect(panel.getByRole('button', { name: 'Undo', exact: true })).toBeHidden();
});

test('does the same by keyboard, pins and deletes', async ({ page, request, tmpPath }) => {
  const file = `${tmpPath}/labels.csv`;
  await write(request, file, 'one');
  const panel = await shown(page);
  const label = panel.getByLabel('Label of the snapshot');
  await page.getByRole('tab', { name: 'Veilbook' }).focus();
  await tabTo(page, label);
  await page.keyboard.type('by keyboard');
  await page.keyboard.press('Enter');
  const item = panel.getByRole('listitem').filter({ hasText: 'by keyboard' });
  await expect(item).toHaveCount(1);
  await expect(item.getByRole('button', { name: 'Restore by keyboard…' })).toBeEnabled();
  await write(request, file, 'two!');

  await label.focus();
  await tabTo(page, item.getByRole('button', { name: 'Restore by keyboard…' }));
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Enter');
  await expect.poll(() => read(request, file)).toBe('one');
  const undo = panel.getByRole('button', { name: 'Undo', exact: true });
  await expect(undo).toBeEnabled();
  await label.focus();
  await tabTo(page, undo);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Enter');
  await expect.poll(() => read(request, file)).toBe('two!');

  const pin = item.getByRole('button', { name: 'Pin by keyboard' });
  await expect(pin).toBeEnabled();
  await pin.press('Enter');
  await expect(pin).toHaveAttribute('aria-pressed', 'true');
  await expect(item.getByRole('button', { name: 'Delete by keyboard…' })).toBeDisabled();
  await expect(pin).toBeEnabled();
  await pin.press('Enter');
  const remove = item.getByRole('button', { name: 'Delete by keyboard…' });
  await expect(remove).toBeEnabled();
  await remove.press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).press('Enter');
  await expect(item).toHaveCount(0);
});

test('takes one from the toolbar of a notebook, which starts the sidecar', async ({ page, request, tmpPath }) => {
  await putNotebook(request, `${tmpPath}/demo.ipynb`, ['1']);
  await openNotebook(page, `${tmpPath}/demo.ipynb`);
  const button = page.getByRole('main').getByRole('button', { name: 'Save open documents and take a snapshot of the workspace' });
  await button.click();
  await expect(page.getByText(/The snapshot is taken/)).toBeVisible();
  const panel = await openPanel(page);
  await expect(panel.getByRole('listitem').filter({ hasText: 'demo.ipynb' })).toHaveCount(1);
  mkdirSync(FOLDER, { recursive: true });
  await page.screenshot({ path: join(FOLDER, 'workspace-toolbar.png') });
});
