import AxeBuilder from '@axe-core/playwright';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Locator } from '@playwright/test';
import { expect, type Page } from './fixtures';

const FOLDER = process.env.VEILBOOK_SCREENSHOTS ?? join(resolve(__dirname, '..', '..'), 'test-results', 'looks');
const LOOKS = [
  ['Light', 251],
  ['Light', 420],
  ['Dark', 420],
  ['Dark', 251]
] as const;

/** A picture for a person to look at; it is compared with nothing. */
export async function shoot(what: Page | Locator, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  await what.screenshot({ path: join(FOLDER, `${name}.png`) });
}

/** Fails on what axe calls serious or critical inside the selector, and on nothing of JupyterLab's around it. */
export async function expectAccessible(page: Page, selector: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).include(selector).setLegacyMode(true).analyze();
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const told = grave.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('\n')}`
  );
  expect(told).toEqual([]);
}

/** Pictures of the section "Workspace", narrow and wide, light and dark; in each, axe has nothing grave to say. */
export async function lookAtWorkspace(page: Page, panel: Locator, name: string): Promise<void> {
  const section = panel.locator('.jp-Veilbook-workspace');
  for (const [theme, width] of LOOKS) {
    await page.theme.setTheme(`JupyterLab ${theme}`);
    await page.sidebar.setWidth(width);
    // Nothing is wider than the panel.
    expect(await section.evaluate(node => node.scrollWidth <= node.clientWidth)).toBe(true);
    await shoot(panel, `workspace-${name}-${width}-${theme.toLowerCase()}`);
    await expectAccessible(page, '.jp-Veilbook-panel');
  }
}
