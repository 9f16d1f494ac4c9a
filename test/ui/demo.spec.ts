import { DEMO, runDemo } from './demo';
import { expect, frames, noisyFrame, openPanel, stopSidecar, test } from './fixtures';

const SAVED = 'image-demo-saved.ipynb';

test.describe.configure({ mode: 'serial' });

test.describe('the demo notebook', () => {
  test('runs by Run All, shows its frames, filters them and shows the reconstruction', async ({ page, request }) => {
    await runDemo(page);
    await expect(page.locator('.jp-OutputArea [data-mime-type="application/vnd.jupyter.error"]')).toHaveCount(0);

    await expect(page.getByRole('figure', { name: 'Clean run, 1 face' })).toHaveCount(2);
    await expect(page.getByRole('figure', { name: /^Noisy run, [1-9]/ })).toHaveCount(3);
    for (const frame of await frames(page).all()) {
      const picture = frame.getByRole('img').first();
      expect(await picture.evaluate((node: HTMLImageElement) => node.naturalWidth)).toBeGreaterThan(0);
    }

    const frame = await noisyFrame(page);
    await expect(frame).toContainText('measured, not a guarantee');
    const figure = frame.getByRole('figure', { name: /^Noisy run/ });
    await figure.getByRole('slider', { name: 'Threshold of the noisy run' }).press('End');
    await expect(frame.getByRole('figure', { name: 'Noisy run, 0 faces' })).toBeVisible();
    await frame.getByRole('button', { name: 'Reset' }).click();
    await expect(frame.getByRole('figure', { name: /^Noisy run, [1-9]/ })).toBeVisible();

    await frame.getByRole('radio', { name: 'Frame' }).press('ArrowRight');
    await expect(frame.getByRole('radio', { name: 'Reconstruction' })).toBeChecked();
    const reconstruction = frame.getByRole('figure', { name: 'What an attacker reconstructs' });
    await expect(reconstruction.getByRole('img')).toBeVisible();
    await expect(figure).toBeHidden();

    const panel = await openPanel(page);
    const runs = panel.getByRole('region', { name: 'Last runs' });
    await expect(runs.getByRole('listitem').first()).toBeVisible();

    await page.notebook.save();
    const copied = await request.get(`/api/contents/${DEMO}`);
    const { content } = await copied.json();
    const written = await request.put(`/api/contents/${SAVED}`, { data: { type: 'notebook', format: 'json', content } });
    expect(written.ok()).toBe(true);
  });

  test('saved with its outputs, is drawn and filtered with no kernel, no sidecar and no network', async ({
    page,
    request,
    context
  }) => {
    await stopSidecar(request);
    await page.evaluate(
      path =>
        window.jupyterapp.commands.execute('docmanager:open', {
          path,
          kernelPreference: { shouldStart: false, canStart: false }
        }),
      SAVED
    );
    await expect(frames(page).first()).toBeVisible();
    await context.setOffline(true);

    const frame = await noisyFrame(page);
    await frame.getByRole('slider', { name: 'Threshold of the noisy run' }).press('End');
    await expect(frame.getByRole('figure', { name: 'Noisy run, 0 faces' })).toBeVisible();
    await frame.getByRole('radio', { name: 'Reconstruction' }).check();
    await expect(frame.getByRole('figure', { name: 'What an attacker reconstructs' })).toBeVisible();

    await context.setOffline(false);
    expect(await (await request.get('/api/sessions')).json()).toEqual([]);
    expect(await (await request.get('/veilbook/status')).json()).toEqual({ state: 'stopped' });
  });
});
