import type { Locator } from '@playwright/test';
import { readFile, writeFile } from './files';
import { expect, openNotebook, openPanel, putNotebook, resetSidecar, tabTo, test, type Page } from './fixtures';
import { lookAtWorkspace, shoot } from './looks';

/** The panel with its list, by a sidecar that runs. */
async function shown(page: Page): Promise<Locator> {
  const panel = await openPanel(page);
  await panel.getByRole('button', { name: 'Show snapshots' }).click();
  await panel.getByRole('region', { name: 'Snapshots' }).waitFor();
  return panel;
}

test.beforeEach(({ request }) => resetSidecar(request));

test('takes a snapshot, restores it and undoes that, by mouse', async ({ page, request, tmpPath }) => {
  const file = `${tmpPath}/labels.csv`;
  await writeFile(request, file, 'one');
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
  expect(await readFile(request, file)).toBe('one more');
  const item = panel.getByRole('listitem').filter({ hasText: 'before training' });
  await expect(item).toHaveCount(1);

  await writeFile(request, file, 'two!');
  await writeFile(request, `${tmpPath}/later.txt`, 'later');
  await item.getByRole('button', { name: 'Restore before training…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('A safety snapshot is taken first');
  await shoot(dialog, 'workspace-dialog');
  await dialog.getByRole('button', { name: 'Restore' }).click();
  await expect(page.getByText(/The snapshot is restored: .* came back, .* changed, .* removed/)).toBeVisible();
  expect(await readFile(request, file)).toBe('one more');
  expect(await readFile(request, `${tmpPath}/later.txt`)).toBeNull();
  await expect(editor).toHaveText('one more');
  await lookAtWorkspace(page, panel, 'restored');

  await panel.getByRole('button', { name: 'Undo', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText(/The restore is undone/)).toBeVisible();
  expect(await readFile(request, file)).toBe('two!');
  expect(await readFile(request, `${tmpPath}/later.txt`)).toBe('later');
  await expect(editor).toHaveText('two!');
  await expect(panel.getByRole('button', { name: 'Undo', exact: true })).toBeHidden();
});

test('does the same by keyboard, pins and deletes', async ({ page, request, tmpPath }) => {
  const file = `${tmpPath}/labels.csv`;
  await writeFile(request, file, 'one');
  const panel = await shown(page);
  const label = panel.getByLabel('Label of the snapshot');
  await page.getByRole('tab', { name: 'Veilbook' }).focus();
  await tabTo(page, label);
  await page.keyboard.type('by keyboard');
  await page.keyboard.press('Enter');
  const item = panel.getByRole('listitem').filter({ hasText: 'by keyboard' });
  await expect(item).toHaveCount(1);
  await expect(item.getByRole('button', { name: 'Restore by keyboard…' })).toBeEnabled();
  await writeFile(request, file, 'two!');

  await label.focus();
  await tabTo(page, item.getByRole('button', { name: 'Restore by keyboard…' }));
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Enter');
  await expect.poll(() => readFile(request, file)).toBe('one');
  const undo = panel.getByRole('button', { name: 'Undo', exact: true });
  await expect(undo).toBeEnabled();
  await label.focus();
  await tabTo(page, undo);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Enter');
  await expect.poll(() => readFile(request, file)).toBe('two!');

  const pin = item.getByRole('button', { name: 'Pin by keyboard' });
  await expect(pin).toBeEnabled();
  await pin.press('Enter');
  await expect(pin).toHaveAttribute('aria-pressed', 'true');
  const more = item.getByRole('button', { name: 'More actions of by keyboard' });
  await more.press('Enter');
  await expect(page.getByRole('menuitem', { name: 'Delete (unpin it first)' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(more).toBeFocused();
  await expect(pin).toBeEnabled();
  await pin.press('Enter');
  await expect(pin).toHaveAttribute('aria-pressed', 'false');
  await more.press('Enter');
  await expect(page.getByRole('menuitem', { name: 'Delete…' })).toBeVisible();
  // From the first entry round to the last.
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
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
  await shoot(page, 'workspace-toolbar');
});
