/** JupyterLab of a workspace's pod in a real browser, and the panel in it. */
import { chromium, expect, type Browser, type Locator, type Page } from '@playwright/test';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { addressOf, password } from './jupyter';

const executablePath = process.env.VEILBOOK_CHROMIUM ?? '/usr/bin/chromium';
const pictures = process.env.VEILBOOK_SCREENSHOTS;

/** Whether this machine has a browser: Debian's package chromium, or `VEILBOOK_CHROMIUM`. */
export const hasBrowser = existsSync(executablePath);

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });

/** Log in by the form where it is shown, and open the panel with its snapshots. */
export async function openPanel(page: Page, namespace: string, name: string): Promise<Locator> {
  await page.goto(`${await addressOf(namespace, name)}/lab`, { timeout: 60_000 });
  const form = page.locator('input[name=password]');
  const launcher = page.locator('#jp-main-dock-panel');
  await form.or(launcher).first().waitFor({ timeout: 60_000 });
  if (await form.isVisible()) {
    await form.fill(password);
    await form.press('Enter');
    await launcher.waitFor({ timeout: 60_000 });
  }
  const panel = page.getByRole('region', { name: 'Veilbook', exact: true });
  if (!(await panel.isVisible())) {
    await page.getByRole('tab', { name: 'Veilbook' }).click();
  }
  const list = panel.getByRole('region', { name: 'Snapshots' });
  const show = panel.getByRole('button', { name: 'Show snapshots' });
  await list.or(show).first().waitFor({ timeout: 60_000 });
  if (await show.isVisible()) {
    await show.click();
    await list.waitFor({ timeout: 60_000 });
  }
  return panel;
}

/** A picture for a person to look at, where `VEILBOOK_SCREENSHOTS` names a folder. */
export async function shoot(page: Page, name: string): Promise<void> {
  if (pictures) {
    mkdirSync(pictures, { recursive: true });
    await page.screenshot({ path: join(pictures, `${name}.png`) });
  }
}

/** Wait until the button can be pressed. */
export async function expectEnabled(button: Locator): Promise<void> {
  await expect(button).toBeEnabled({ timeout: 60_000 });
}

/** Wait until there are as many as texts, and each shows its own. */
export async function expectText(items: Locator, texts: RegExp[]): Promise<void> {
  await expect(items).toHaveText(texts, { timeout: 60_000 });
}
