import { expect as seen, type Browser, type Locator, type Page } from '@playwright/test';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SweepDocument } from '../../../src/protocol';
import { hasBrowser, openBrowser, shoot } from './browser';
import { describeWithFaces, faces, makeDataClaim, veilbookTells } from './evaluations';
import { asJobSubmitter, hasLab, startLab, type LocalLab } from './local-lab';
import { administrator, cliImage, clients, makeNamespace, removeNamespace, until } from './support';

const LOOKS = [
  ['Light', 251],
  ['Light', 520],
  ['Dark', 520],
  ['Dark', 251]
] as const;
const SOON = { timeout: 60_000 };
const END = { timeout: 400_000 };

interface Output {
  data?: Record<string, string | string[]>;
  text?: string | string[];
  ename?: string;
}

const describeHere: typeof describeWithFaces = (level, name, body) =>
  hasBrowser && hasLab ? describeWithFaces(level, name, body) : describe.skip(`${name} (no chromium or no .venv here)`, body);

describeHere('node', 'the panel’s section Jobs', () => {
  let namespace = '';
  let here: SweepDocument;
  let lab: LocalLab;
  let browser: Browser;
  let page: Page;
  let section: Locator;

  beforeAll(async () => {
    namespace = await makeNamespace('panel');
    await makeDataClaim(namespace, 'inference-data', 'FDDB');
    here = await veilbookTells('sweep', '--dataset', faces, '--alphas', '0.2,0.8');
    lab = await startLab(await asJobSubmitter(namespace), namespace);
    browser = await openBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 1400 } });
    page.setDefaultTimeout(SOON.timeout);
    await page.goto(`${lab.url}/lab`);
    await page.getByRole('tab', { name: 'Veilbook' }).click();
    const panel = page.getByRole('region', { name: 'Veilbook', exact: true });
    await panel.getByRole('button', { name: 'Start', exact: true }).click();
    section = panel.locator('.jp-Veilbook-jobs');
    await seen(section.getByText('No Job so far.')).toBeVisible(SOON);
    const others = panel.locator('.lm-AccordionPanel-title[aria-expanded="true"]').filter({ hasNotText: /^Jobs$/ });
    while ((await others.count()) > 0) {
      await others.first().click();
    }
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
    await removeNamespace(namespace);
  });

  it('submits a sweep from the form, and shows how far its shards are', async () => {
    await seen(section.getByText(`No Job so far. One evaluates a data set in pods of namespace ${namespace}.`)).toBeVisible(SOON);
    await submit({ 'Data set': 'FDDB', Shards: '2' }, 'at several, in one pass', { ALPHAs: '0.2, 0.8' });
    const bar = section.getByRole('progressbar', { name: 'fddb-sweep, all shards' });
    await seen(bar).toBeVisible(SOON);
    await section.getByRole('button', { name: 'fddb-sweep', exact: true }).click();
    await seen(section.getByText(/\d+% · \d of 2 shards · \d+ of \d+ images/)).toBeVisible(END);
    await seen(section.getByText(/running · \d+ of 75 · /).first()).toBeVisible(END);
    await look('running');
  }, 500_000);

  it('shows the log of its pods', async () => {
    await section.getByRole('button', { name: 'Show the log of fddb-sweep' }).click();
    await seen(page.getByRole('log', { name: 'Log of fddb-sweep' })).toContainText(/\[[01]\] veilbook: progress \d+\/75/);
    await shoot(page, 'jobs-log');
  }, 200_000);

  it('shows accuracy with leakage beside it and as a chart, as this machine finds them', async () => {
    await seen(section.getByRole('button', { name: 'Delete fddb-sweep…' })).toBeVisible(END);
    await seen(section.getByRole('img', { name: /Accuracy and leakage/ }).first()).toBeVisible(SOON);
    const percent = (share: number | null) => `${(100 * share!).toFixed(1)}%`;
    const clean = `clean ${here.clean.average_ap!.toFixed(4)} 100.0% ${percent(here.clean.leakage)}`;
    await seen(section.getByRole('row', { name: clean })).toBeVisible();
    for (const { alpha, leakage } of here.rows) {
      const row = section.getByRole('row', { name: RegExp(`^${alpha} 0\\.\\d{4} \\d+\\.\\d% ${percent(leakage)}$`) });
      await seen(row).toBeVisible();
    }
    await look('sweep');
  }, 500_000);

  it('opens it as a notebook, which finds the same when it is run', async () => {
    await section.getByRole('button', { name: 'Open fddb-sweep as a notebook' }).click();
    await seen(page.getByRole('tab', { name: 'fddb-sweep.ipynb' })).toBeVisible();
    copyFileSync(join(lab.folder, 'fddb-sweep.ipynb'), join(lab.folder, 'executed.ipynb'));
    await lab.execute('executed.ipynb');
    const notebook = JSON.parse(readFileSync(join(lab.folder, 'executed.ipynb'), 'utf8')) as {
      cells: { id: string; outputs?: Output[] }[];
    };
    const outputs = (id: string) => notebook.cells.find(cell => cell.id === id)?.outputs ?? [];
    const [table] = outputs('table');
    expect([table.data?.['text/plain']].flat().join('')).toContain(here.clean.average_ap!.toFixed(4));
    expect([table.data?.['text/html']].flat().join('')).toContain('<table>');
    expect(outputs('curves')[0].data).toHaveProperty(['image/svg+xml']);
    expect(notebook.cells.flatMap(cell => cell.outputs ?? []).filter(({ ename }) => ename)).toEqual([]);
    await command('docmanager:open', { path: 'executed.ipynb' });
    await seen(page.locator('.jp-NotebookPanel:visible svg').first()).toBeVisible();
    await shoot(page, 'jobs-notebook');
  }, 300_000);

  it('shows an evaluation by its folds', async () => {
    await submit({ Name: 'clean' }, 'without noise');
    await seen(section.getByRole('button', { name: 'Delete clean…' })).toBeVisible(END);
    await section.getByRole('button', { name: 'fddb-sweep', exact: true }).click();
    await section.getByRole('button', { name: 'clean', exact: true }).click();
    for (const { fold, ap } of here.clean.folds) {
      await seen(section.getByRole('row', { name: `${fold} ${ap!.toFixed(4)}` })).toBeVisible(SOON);
    }
    await seen(section.getByRole('row', { name: `average ${here.clean.average_ap!.toFixed(4)}` })).toBeVisible();
    await look('folds');
  }, 500_000);

  it('cancels what runs, and deletes what is done, with their pods', async () => {
    await submit({ Name: 'unwanted' }, 'at several, in one pass', { ALPHAs: '0.1, 0.2, 0.4, 0.8' });
    await seen(section.getByText(/\d+ of 150 images/)).toBeVisible(END);
    await answer('Cancel unwanted…', 'Cancel the Job');
    await seen(section.getByRole('button', { name: 'unwanted', exact: true })).toBeHidden(SOON);
    await answer('Delete fddb-sweep…', 'Delete');
    await seen(section.getByRole('button', { name: 'fddb-sweep', exact: true })).toBeHidden(SOON);
    await seen(section.getByRole('listitem')).toHaveCount(1);
    const { core } = clients(administrator());
    await until('their pods are gone', async () => {
      const { items } = await core.listNamespacedPod({ namespace });
      return items.every(({ metadata }) => metadata?.labels?.['veilbook.dev/job'] === 'clean');
    });
  }, 500_000);

  it('tells what the cluster refuses, and keeps the form', async () => {
    await submit({ Name: 'refused', Volume: 'elsewhere' }, 'without noise');
    const note = section.getByRole('alert', { name: 'Job that was not made' });
    await seen(note).toContainText(/no claim elsewhere /, SOON);
    await look('refused');
    await note.getByRole('button', { name: 'Change and submit…' }).click();
    await seen(page.getByRole('dialog').getByLabel('Volume')).toHaveValue('elsewhere');
    await page.keyboard.press('Escape');
  }, 200_000);

  /** Fill in the form; what the last Job asked for stands there already. */
  async function submit(fields: Record<string, string>, kind: string, more: Record<string, string> = {}): Promise<void> {
    await section.getByRole('button', { name: 'Evaluate on the cluster…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('More options').click();
    const pods = { Volume: 'inference-data', Image: cliImage, 'CPU of each': '50m', 'Memory of each': '64Mi' };
    await dialog.getByRole('radio', { name: kind }).check();
    for (const [label, value] of Object.entries({ ...pods, ...fields, ...more })) {
      await dialog.getByLabel(label, { exact: true }).fill(value);
    }
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await seen(dialog).toBeHidden();
  }

  /** Press a button of a Job, and agree. */
  async function answer(button: string, agreed: string): Promise<void> {
    await section.getByRole('button', { name: button }).click();
    await page.getByRole('dialog').getByRole('button', { name: agreed }).click();
  }

  /** Pictures narrow and wide, light and dark; in none is anything wider than the panel. */
  async function look(name: string): Promise<void> {
    for (const [theme, width] of LOOKS) {
      await command('apputils:change-theme', { theme: `JupyterLab ${theme}` });
      const handle = page.locator('#jp-main-split-panel > .lm-SplitPanel-handle:not(.lm-mod-hidden)').first();
      const { x, y } = (await handle.boundingBox())!;
      await page.mouse.move(x + 1, y + 400);
      await page.mouse.down();
      await page.mouse.move(33 + width, y + 400);
      await page.mouse.up();
      expect(await section.evaluate(node => node.scrollWidth <= node.clientWidth)).toBe(true);
      await shoot(page, `jobs-${name}-${width}-${theme.toLowerCase()}`);
    }
  }

  async function command(id: string, args: Record<string, string> = {}): Promise<void> {
    await page.evaluate(
      async ([id, args]) => {
        const { jupyterapp } = window as unknown as { jupyterapp: { commands: { execute(id: string, args: object): unknown } } };
        await jupyterapp.commands.execute(id, args);
      },
      [id, args] as const
    );
  }
});
