import {
  expect,
  frames,
  LOAD,
  openPanel,
  openNotebook,
  PHOTO,
  putNotebook,
  resetSidecar,
  runAll,
  sidecarPid,
  status,
  tabTo,
  test
} from './fixtures';

const RUN = '%veil noisy --alpha 0.2 -i photo';

test.describe('the side panel', () => {
  test.beforeEach(async ({ page, request, tmpPath }) => {
    await resetSidecar(request);
    await putNotebook(request, `${tmpPath}/panel.ipynb`, [LOAD, PHOTO, RUN]);
    await openNotebook(page, `${tmpPath}/panel.ipynb`);
  });

  test('starts the sidecar when asked to and not before, and sets ALPHA for runs that name none', async ({
    page,
    request,
    tmpPath
  }) => {
    const panel = await openPanel(page);
    await expect(panel.getByText('The sidecar is not running')).toBeVisible();
    expect((await status(request)).state).toBe('stopped');
    await panel.getByRole('button', { name: 'Start', exact: true }).click();
    await expect(panel.getByRole('combobox', { name: 'Device' })).toBeVisible();
    expect((await status(request)).state).toBe('running');

    const alpha = panel.getByRole('spinbutton', { name: 'ALPHA' });
    await alpha.fill('0.35');
    await expect
      .poll(async () => {
        const now = await status(request);
        return now.state === 'running' && now.status.defaults.alpha;
      })
      .toBe(0.35);
    await expect(page.getByRole('button', { name: /^Veilbook: .*ALPHA 0\.35/ })).toBeVisible();
    await putNotebook(request, `${tmpPath}/default.ipynb`, [LOAD, PHOTO, '%veil noisy -i photo']);
    await openNotebook(page, `${tmpPath}/default.ipynb`);
    await runAll(page);
    await expect(panel.getByRole('listitem').filter({ hasText: 'noisy · ALPHA 0.35' })).toHaveCount(1);
  });

  test('shows device, model, what ALPHA means and the run just made; restarts the sidecar, after which a cell runs again', async ({
    page,
    request
  }) => {
    await runAll(page);
    await expect(frames(page)).toHaveCount(1);
    const panel = await openPanel(page);
    await expect(panel.getByRole('combobox', { name: 'Device' })).toHaveValue('auto');
    await expect(panel.getByText('faceboxes').first()).toBeVisible();
    await expect(panel.getByText('measured, not a guarantee')).toBeVisible();
    await expect(panel.getByRole('slider', { name: 'ALPHA slider' })).toHaveValue('0.2');
    const runs = panel.getByRole('region', { name: 'Last runs' }).getByRole('listitem');
    await expect(runs).toHaveCount(1);
    await expect(runs.first()).toContainText(/photo.*noisy · ALPHA 0\.2 · \d+ faces? · \d+ ms · cpu/);

    const before = await sidecarPid(request);
    await panel.getByRole('button', { name: 'Restart Sidecar' }).press('Enter');
    await expect(page.getByText('The sidecar runs again.')).toBeVisible();
    expect(await sidecarPid(request)).not.toBe(before);
    await expect(panel.getByText('None yet.')).toBeVisible();

    await runAll(page);
    await expect(frames(page)).toHaveCount(1);
    await expect(runs).toHaveCount(1);
  });

  test('tells that the sidecar was killed, and the next cell heals it', async ({ page, request }) => {
    await runAll(page);
    const pid = await sidecarPid(request);
    const panel = await openPanel(page);
    const runs = panel.getByRole('region', { name: 'Last runs' }).getByRole('listitem');
    await expect(runs).toHaveCount(1);
    process.kill(pid, 'SIGKILL');
    await expect(panel.getByRole('alert')).toContainText('The sidecar has failed');
    await expect(panel.getByLabel('Last lines of the log')).toContainText('started');

    await runAll(page);
    await expect(frames(page)).toHaveCount(1);
    await expect(panel.getByRole('alert')).toBeHidden();
    await expect(runs).toHaveCount(1);
    expect(await sidecarPid(request)).not.toBe(pid);
  });

  test('is worked by keyboard alone, down to the log', async ({ page }) => {
    await runAll(page);
    const panel = await openPanel(page);
    await expect(panel.getByRole('combobox', { name: 'Device' })).toBeVisible();
    const log = panel.getByRole('button', { name: 'Show Sidecar Log' });
    await page.getByRole('tab', { name: 'Veilbook' }).focus();
    await tabTo(page, log);
    // Inside a toolbar JupyterLab moves by arrow keys, as the ARIA practice for toolbars has it.
    await page.keyboard.press('ArrowRight');
    await expect(panel.getByRole('button', { name: 'Restart Sidecar' })).toBeFocused();
    await tabTo(page, panel.getByRole('combobox', { name: 'Device' }));
    await tabTo(page, panel.getByRole('slider', { name: 'ALPHA slider' }));
    await tabTo(page, panel.getByRole('spinbutton', { name: 'ALPHA' }));
    await log.press('Enter');
    await expect(
      page
        .getByRole('main')
        .getByText(/ info started /)
        .first()
    ).toBeVisible();
  });
});
