import type { Locator } from '@playwright/test';
import { expect, openNotebook, openPanel, putNotebook, resetSidecar, tabTo, test, type Page } from './fixtures';
import { readFile, takeSnapshot, writeFile } from './files';
import { expectAccessible, shoot } from './looks';

const DIALOG = '.jp-Dialog-content';

/** A picture of the dialog, light and dark; axe has nothing grave to say. */
async function lookAtDialog(page: Page, name: string): Promise<Locator> {
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  await expectAccessible(page, DIALOG);
  await shoot(dialog, `workspace-dialog-${name}`);
  return dialog;
}

/** A file of the test's folder, which the file browser shows. */
async function listedFile(page: Page, name: string): Promise<Locator> {
  await page.evaluate(() => window.jupyterapp.commands.execute('filebrowser:refresh'));
  const listed = page.locator('.jp-DirListing-item').filter({ hasText: name });
  await listed.waitFor();
  return listed;
}

test.beforeEach(({ request }) => resetSidecar(request));

test('brings a file back from the file browser, and undoes that', async ({ page, request, tmpPath }) => {
  const file = `${tmpPath}/labels.csv`;
  await writeFile(request, file, 'one');
  await takeSnapshot(request, 'before labelling');
  await writeFile(request, file, 'two!');
  await writeFile(request, `${tmpPath}/other.csv`, 'other');

  const listed = await listedFile(page, 'labels.csv');
  await listed.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Restore from Snapshot…' }).click();
  const dialog = await lookAtDialog(page, 'restore-file');
  await expect(dialog).toContainText('A safety snapshot of it is taken first');
  await expect(dialog.getByRole('radio', { name: /before labelling/ })).toBeChecked();
  await page.keyboard.press('Enter');
  await expect(page.getByText(/Restored .*labels.csv: .*1 changed/)).toBeVisible();
  expect(await readFile(request, file)).toBe('one');
  expect(await readFile(request, `${tmpPath}/other.csv`)).toBe('other');

  const panel = await openPanel(page);
  await panel.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(page.getByRole('dialog')).toContainText('labels.csv');
  await page.getByRole('dialog').getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText(/The restore is undone/)).toBeVisible();
  expect(await readFile(request, file)).toBe('two!');
});

test('brings a file back from a snapshot, through its folders, by keyboard alone', async ({ page, request, tmpPath }) => {
  const file = `${tmpPath}/labels.csv`;
  await writeFile(request, file, 'one');
  await takeSnapshot(request, 'folders');
  await writeFile(request, file, 'two!');
  const panel = await openPanel(page);
  const item = panel.getByRole('listitem').filter({ hasText: 'folders' });
  await panel.getByLabel('Label of the snapshot').focus();
  await tabTo(page, item.getByRole('button', { name: 'More actions of folders' }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: 'Restore Files…' })).toBeVisible();
  await shoot(page, 'workspace-menu');
  await page.keyboard.press('Enter');
  const files = page.getByRole('dialog');
  await files.waitFor();
  for (const folder of tmpPath.split('/')) {
    await tabTo(page, files.getByRole('button', { name: `Open the folder ${folder}` }));
    await page.keyboard.press('Enter');
  }
  await tabTo(page, files.getByRole('checkbox', { name: 'labels.csv' }));
  await page.keyboard.press('Space');
  await expect(files.getByRole('status')).toContainText(file);
  await lookAtDialog(page, 'choose-files');
  await tabTo(page, files.getByRole('button', { name: 'Restore' }));
  await page.keyboard.press('Enter');
  await expect.poll(() => readFile(request, file)).toBe('one');
});

test('says so when no snapshot holds a file, and how a notebook is compared', async ({ page, request, tmpPath }) => {
  await takeSnapshot(request, 'too early');
  await putNotebook(request, `${tmpPath}/late.ipynb`, ['1']);
  const listed = await listedFile(page, 'late.ipynb');
  await listed.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Restore from Snapshot…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('is in no snapshot of this workspace');
  await dialog.getByRole('button', { name: 'Close' }).click();
  await listed.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Compare with Snapshot…' }).click();
  await expect(dialog).toContainText(/pip install nbdime|is not in the snapshot/);
});

test('takes a snapshot and then runs the notebook', async ({ page, request, tmpPath }) => {
  await takeSnapshot(request, 'started');
  await putNotebook(request, `${tmpPath}/demo.ipynb`, ['6 * 7']);
  await openNotebook(page, `${tmpPath}/demo.ipynb`);
  const main = page.getByRole('main');
  const button = main.getByRole('button', { name: 'Take a snapshot of the workspace, then run all cells of the notebook' });
  await shoot(page, 'workspace-toolbar-run');
  await button.click();
  await expect(page.getByText(/The snapshot is taken/)).toBeVisible();
  await expect(main.getByText('42', { exact: true })).toBeVisible();
  const panel = await openPanel(page);
  await expect(panel.getByRole('listitem').filter({ hasText: 'before Run All' })).toHaveCount(1);
});

test.describe('with a rule in the settings', () => {
  test.use({
    mockSettings: { 'veilbook:plugin': { retentionKeepLast: 2 } }
  });

  test('removes old snapshots after it has shown which, and why the others stay', async ({ page, request }) => {
    await takeSnapshot(request, 'oldest');
    await takeSnapshot(request, 'older');
    await takeSnapshot(request, 'newest');
    const panel = await openPanel(page);
    const item = (text: string) => panel.getByRole('listitem').filter({ hasText: text });
    await panel.getByRole('button', { name: 'Clean up…' }).click();
    const dialog = await lookAtDialog(page, 'clean-up');
    await expect(dialog.getByRole('region', { name: 'To be removed' })).toContainText('oldest');
    await expect(dialog.getByRole('region', { name: 'What stays' })).toContainText(/newest.*the last one that is ready/);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await expect(item('oldest')).toHaveCount(1);
    await panel.getByRole('button', { name: 'Clean up…' }).click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Remove \d+ snapshots?$/ })
      .click();
    await expect(page.getByText(/old snapshots? (is|are) removed/)).toBeVisible();
    await expect(item('oldest')).toHaveCount(0);
    await expect(item('newest')).toHaveCount(1);
  });
});

test('lists other workspaces, says how one is opened, and deletes a clone when its name was typed', async ({ page, request }) => {
  await takeSnapshot(request, 'to be cloned');
  const panel = await openPanel(page);
  const item = panel.getByRole('listitem').filter({ hasText: 'to be cloned' });
  await item.getByRole('button', { name: 'Clone to be cloned…' }).click();
  await page.getByRole('dialog').getByRole('textbox').fill('attempt-2');
  await page.keyboard.press('Enter');
  await expect(page.getByText(/The clone is .*attempt-2/)).toBeVisible();

  await panel.getByText('Other workspaces').click();
  const other = panel.getByRole('listitem').filter({ hasText: 'attempt-2' });
  await other.getByRole('button', { name: 'Open attempt-2…' }).click();
  const opening = await lookAtDialog(page, 'open');
  await expect(opening).toContainText(/jupyter lab \/.*attempt-2/);
  await opening.getByRole('button', { name: 'Close' }).click();
  await expectAccessible(page, '.jp-Veilbook-others');
  await page.sidebar.setWidth(251);
  await other.scrollIntoViewIfNeeded();
  await shoot(panel, 'workspace-others');

  await other.getByRole('button', { name: 'Delete attempt-2…' }).click();
  const dialog = await lookAtDialog(page, 'delete');
  await dialog.getByRole('textbox').fill('attempt');
  await expect(dialog.getByRole('button', { name: 'Delete' })).toBeDisabled();
  await dialog.getByRole('textbox').fill('attempt-2');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('attempt-2 is deleted.')).toBeVisible();
  await expect(other).toHaveCount(0);
});

test('clones a snapshot by keyboard alone', async ({ page, request }) => {
  await takeSnapshot(request, 'by keys');
  const panel = await openPanel(page);
  const clone = panel.getByRole('listitem').filter({ hasText: 'by keys' }).getByRole('button', { name: 'Clone by keys…' });
  await expect(clone).toBeEnabled();
  await panel.getByLabel('Label of the snapshot').focus();
  await tabTo(page, clone);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('made-by-keys');
  await page.keyboard.press('Enter');
  await expect(page.getByText(/The clone is .*made-by-keys/)).toBeVisible();
});
