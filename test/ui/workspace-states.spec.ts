import type { Locator } from '@playwright/test';
import type { ErrorBody, PanelWorkspace } from '../../src/protocol';
import { operation, panelWorkspace, snapshot } from '../lab/documents';
import { expect, openPanel, test, type Page } from './fixtures';
import { lookAtWorkspace, shoot } from './looks';

/** The panel, on documents as a sidecar would send them: states that a test cannot bring about in a second. */
async function shownWith(page: Page, answer: PanelWorkspace | ErrorBody): Promise<Locator> {
  await page.route('**/veilbook/workspace?*', route =>
    route.fulfill({ status: 'error' in answer ? 400 : 200, contentType: 'application/json', body: JSON.stringify(answer) })
  );
  return openPanel(page);
}

const DAY = 86_400_000;
const ago = (milliseconds: number) => new Date(Date.now() - milliseconds).toISOString();
const many = [
  snapshot('six', {
    label: 'before fine-tuning on the second half of the archive',
    notebook: { path: 'a/train.ipynb', sha256: null }
  }),
  snapshot('five', { label: '', kind: 'safety', paths: ['labels.csv'], git: null, files: 1, bytes: 120, created: ago(DAY / 10) }),
  snapshot('four', { label: 'nightly', pinned: true, created: ago(DAY) }),
  snapshot('three', {
    label: 'being taken',
    state: 'creating',
    error: 'The driver says: volume is busy, trying again.',
    files: null,
    bytes: null
  }),
  snapshot('two', { label: 'weekly', state: 'failed', error: 'No space left on device.', files: null, created: ago(9 * DAY) }),
  snapshot('one', { label: '', kind: 'clone', created: ago(20 * DAY), left_out_total: 3 })
];

test.describe('what the workspace shows can be read by everybody', () => {
  test('before the first snapshot', async ({ page }) => {
    const panel = await shownWith(page, panelWorkspace());
    await expect(panel.getByText('No snapshot so far.')).toBeVisible();
    await lookAtWorkspace(page, panel, 'empty');
  });

  test('with snapshots, one of them not ready', async ({ page }) => {
    const panel = await shownWith(page, panelWorkspace(many));
    await expect(panel.getByText('volume is busy')).toBeVisible();
    await lookAtWorkspace(page, panel, 'list');
  });

  test('with actions that the cluster does not allow, a failed restore, and a restore that restarts', async ({ page }) => {
    const view = panelWorkspace(many.slice(0, 3), {
      operation: operation({
        kind: 'restore',
        state: 'failed',
        updated: ago(60_000),
        error: {
          code: 'internal',
          message: 'The new pod did not start in 300 s. The old volume is used.',
          remedy: 'veilbook doctor'
        }
      })
    });
    const no = {
      allowed: false,
      reason: 'Not allowed in namespace inference: patch deployments.apps.',
      remedy: 'veilbook rbac --namespace inference prints the Role that allows it.'
    };
    const { actions } = view.capabilities;
    const capabilities = { ...view.capabilities, actions: { ...actions, undo: no, clone: no }, restore_restarts: true };
    const panel = await shownWith(page, { ...view, capabilities });
    await expect(panel.getByText('did not start in 300 s')).toBeVisible();
    await expect(panel.getByRole('button', { name: 'Clone nightly…' })).toBeDisabled();
    await panel.getByRole('button', { name: 'Restore nightly…' }).click();
    await expect(page.getByRole('dialog')).toContainText('This JupyterLab restarts');
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await lookAtWorkspace(page, panel, 'forbidden');
    await panel.getByRole('region', { name: 'Not possible here' }).scrollIntoViewIfNeeded();
    await shoot(panel, 'workspace-forbidden-end');
  });

  test('while something runs', async ({ page }) => {
    const progress = { operation: 'operation-1', kind: 'restore' as const, phase: 'copying' as const, done: 0.42, files: 5 };
    const running = operation({
      kind: 'restore',
      progress: { ...progress, files_total: 12, bytes: 0, bytes_total: null, reason: null }
    });
    const panel = await shownWith(page, panelWorkspace(many, { operation: running }));
    await expect(panel.getByRole('button', { name: 'Cancel' })).toBeVisible();
    await lookAtWorkspace(page, panel, 'busy');
  });

  test('when it cannot be read', async ({ page }) => {
    const error = {
      code: 'not_found' as const,
      message: 'There is no folder /home/me/work. Nothing was done.',
      remedy: 'Make it, or start JupyterLab elsewhere.'
    };
    const panel = await shownWith(page, { error });
    await expect(panel.getByRole('alert')).toContainText('The workspace cannot be read');
    await lookAtWorkspace(page, panel, 'broken');
  });

  test('when the server is away', async ({ page }) => {
    const panel = await shownWith(page, panelWorkspace(many.slice(0, 2)));
    await expect(panel.getByRole('listitem').filter({ hasText: 'fine-tuning' })).toBeVisible();
    await page.route('**/veilbook/**', route => route.abort());
    await panel.getByRole('button', { name: 'Snapshot', exact: true }).click();
    await expect(panel.getByRole('alert')).toContainText('Offline');
    await lookAtWorkspace(page, panel, 'offline');
  });
});
