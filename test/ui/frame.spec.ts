import { expect, frames, LOAD, openNotebook, PHOTO, putNotebook, runAll, tabTo, test } from './fixtures';

test('a frame under a cell is worked by keyboard alone: view, run, boxes, threshold', async ({ page, request, tmpPath }) => {
  await putNotebook(request, `${tmpPath}/frame.ipynb`, [LOAD, PHOTO, '%veil noisy --alpha 0.2 --compare -i photo']);
  await openNotebook(page, `${tmpPath}/frame.ipynb`);
  await runAll(page);
  const frame = frames(page).first();
  const panes = frame.getByRole('figure');
  await expect(panes).toHaveCount(1);
  await page.keyboard.press('Escape');

  const slider = frame.getByRole('slider', { name: 'Threshold of the noisy run' });
  await frame.getByRole('radio', { name: 'Frame' }).focus();
  await tabTo(page, slider);
  await page.keyboard.press('End');
  await expect(slider).toHaveAttribute('aria-valuetext', '1.00, 0 faces');
  await page.keyboard.press('Home');
  await expect(frame.getByRole('figure', { name: /Noisy run, [1-9]\d* faces?/ })).toBeVisible();
  await expect(frame.getByRole('button', { name: 'Reset' })).toBeVisible();

  const boxes = frame.getByTitle(/^[01]\.\d\d$/);
  await expect(boxes.first()).toBeVisible();
  await frame.getByRole('checkbox', { name: 'Boxes' }).press('Space');
  await expect(boxes).toHaveCount(0);

  await frame.getByRole('radio', { name: 'Noisy', exact: true }).press('ArrowRight');
  await expect(panes).toHaveCount(2);
  await expect(frame.getByRole('figure', { name: /^Clean run, [1-9]/ })).toBeVisible();

  await frame.getByRole('radio', { name: 'Frame' }).press('ArrowRight');
  await expect(panes).toHaveCount(1);
  await expect(frame.getByRole('figure', { name: 'What an attacker reconstructs' })).toBeVisible();
  await page.keyboard.press('ArrowRight');
  await expect(panes).toHaveCount(3);
});
