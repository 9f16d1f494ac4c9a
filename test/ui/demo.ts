import { expect, frames, noisyFrame, openNotebook, runAll, type Page } from './fixtures';

export const DEMO = 'image-demo.ipynb';

/** Opens the demo notebook and runs it to its end. */
export async function runDemo(page: Page): Promise<void> {
  await openNotebook(page, DEMO);
  await runAll(page);
  await expect(frames(page)).toHaveCount(5);
}

/** The first noisy frame of the notebook, at the top of what can be seen, beside what an attacker makes of it. */
export async function showNoisy(page: Page): Promise<void> {
  const noisy = await noisyFrame(page);
  await noisy.getByRole('radio', { name: 'Side by side' }).check();
  await noisy.evaluate(node => node.closest('.jp-Cell')?.scrollIntoView({ block: 'start' }));
  await page.mouse.move(0, 0);
}
