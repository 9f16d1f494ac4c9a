import type { Locator } from '@playwright/test';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkReceipt, Ledger } from '../../src/egress/ledger';
import type { Departure, InspectedTail, LedgerPage, TailList } from '../../src/protocol';
import { ProtocolServer } from '../egress/kserve/protocol-server';
import { departureRow, inspectedTail, knownTail, ledgerPage, tailList } from '../lab/documents';
import { expect, LOAD, openNotebook, openPanel, PHOTO, putNotebook, resetSidecar, tabTo, test, type Page } from './fixtures';
import { expectAccessible, shoot } from './looks';

// So high that a picture has the whole section, once it is alone; four looks at each state take their time.
test.use({ viewport: { width: 1280, height: 1900 } });
test.setTimeout(300_000);

const LOOKS = [
  ['Light', 251],
  ['Light', 520],
  ['Dark', 520],
  ['Dark', 251]
] as const;

/** The section, unfolded and alone. */
async function openServers(page: Page): Promise<Locator> {
  const panel = await openPanel(page);
  await panel
    .locator('.lm-AccordionPanel-title[aria-expanded="false"]')
    .filter({ hasText: /^Servers$/ })
    .click();
  const others = panel.locator('.lm-AccordionPanel-title[aria-expanded="true"]').filter({ hasNotText: /^Servers$/ });
  while ((await others.count()) > 0) {
    await others.first().click();
  }
  const section = panel.locator('.jp-Veilbook-servers');
  await section.waitFor();
  return section;
}

/** Servers and a ledger as a sidecar would tell of them; a server without a look is still being asked. */
async function shownWith(page: Page, list: TailList, looks: InspectedTail[], ledger: LedgerPage): Promise<Locator> {
  await page.route('**/veilbook/servers**', route => {
    const url = new URL(route.request().url());
    const json = (body: object) => route.fulfill({ contentType: 'application/json', body: JSON.stringify(body) });
    if (!url.pathname.endsWith('/inspect')) {
      return json(list);
    }
    const look = looks.find(each => each.url === url.searchParams.get('url'));
    return look && json(look);
  });
  await page.route('**/veilbook/ledger**', route =>
    route.fulfill({ contentType: 'application/json', body: JSON.stringify(ledger) })
  );
  return openServers(page);
}

/** Pictures narrow and wide, light and dark; in each, axe has nothing grave to say and nothing is wider than the panel. */
async function look(page: Page, section: Locator, name: string): Promise<void> {
  await page.mouse.move(900, 10);
  for (const [theme, width] of LOOKS) {
    await page.theme.setTheme(`JupyterLab ${theme}`);
    await page.sidebar.setWidth(width);
    expect(await section.evaluate(node => node.scrollWidth <= node.clientWidth)).toBe(true);
    await shoot(section, `servers-${name}-${width}-${theme.toLowerCase()}`);
    await expectAccessible(page, '.jp-Veilbook-panel');
  }
}

test.describe('what is shown of servers and of the ledger can be read by everybody', () => {
  test('where nothing is known and nothing ever left', async ({ page }) => {
    const builtIn = {
      files: [],
      policy: {
        schema: 1 as const,
        minimum_alpha: 0,
        destinations: 'any' as const,
        clean_egress: 'by flag' as const,
        tls: 'where given' as const
      },
      insecure: ['No policy is in force (/etc/veilbook/policy.yaml): whoever runs this decides what leaves.']
    };
    const section = await shownWith(page, tailList([], builtIn), [], ledgerPage([]));
    await expect(section.getByText('No model server is known.')).toBeVisible();
    await expect(section.getByText('Nothing ever left from here')).toBeVisible();
    await look(page, section, 'empty');
  });

  test('ready, being asked, unfit, away and refused', async ({ page }) => {
    const nothing = { statistics: [], alpha: null, side: null };
    const pod = {
      name: 'faces',
      namespace: 'inference',
      status: 'not ready' as const,
      reason: '0/3 nodes have a free GPU.',
      warning: null
    };
    const tails = [
      knownTail(),
      knownTail('asked.example:8000', { last: null, sources: ['policy'] }),
      knownTail('a-triton-with-a-long-name.inference.svc.cluster.local:8000', { last: null, sources: ['cluster'], cluster: pod }),
      knownTail('other.example:8001', {
        destination: 'tritons+grpc://other.example:8001',
        model: 'face_detection_base',
        last: null
      }),
      knownTail('unknown.example:8000', {
        refused: '/etc/veilbook/policy.yaml: destinations does not name triton://unknown.example:8000'
      })
    ];
    const away = {
      code: 'server_unavailable',
      message: 'triton://a-triton-with-a-long-name.inference.svc.cluster.local:8000 is away: nobody listens there.',
      remedy: 'See that the server runs.'
    };
    const unfit = {
      code: 'server_mismatch',
      message: 'It serves a model whose head is not that of faceboxes, which is loaded here.',
      remedy: 'Export it again: veilbook export triton.'
    };
    const looks = [
      inspectedTail(tails[0]),
      inspectedTail(tails[2], { state: 'away', reason: away, ...nothing }),
      inspectedTail(tails[3], { state: 'unfit', reason: unfit, side: 'clean tail', alpha: null })
    ];
    const rows = [
      departureRow(11, { outcome: 'not settled', time: new Date().toISOString() }),
      departureRow(9, { outcome: 'failed', looks: 3 }),
      departureRow(7, { protection: 'clean', alpha: null, looks: null, server_model: 'face_detection_base' }),
      departureRow(5, { outcome: 'unknown', snapshot: '20261121-101010-000-abcdef' }),
      departureRow(3, { protection: 'not private' })
    ];
    const section = await shownWith(page, tailList(tails), looks, ledgerPage(rows, { more: true }));
    await expect(section.getByText('mean 12 ms')).toHaveCount(2);
    await expect(section.getByText('being asked…')).toBeVisible();
    await expect(section.getByText('0/3 nodes have a free GPU.')).toBeVisible();
    await look(page, section, 'busy');
    await section.getByText('2 settings left open').click();
    await page.route('**/veilbook/**', route => route.abort());
    await page.getByRole('tab', { name: 'File Browser' }).click();
    await page.getByRole('tab', { name: 'Veilbook' }).click();
    await expect(section.getByRole('alert').first()).toContainText('Offline');
    await shoot(section, 'servers-offline-251-dark');
    await expectAccessible(page, '.jp-Veilbook-panel');
  });

  test('a ledger that was changed, and a policy that cannot be followed', async ({ page }) => {
    const whole = ledgerPage();
    const findings = [{ file: '000001.jsonl', line: 3, what: 'its hash is not its own' }];
    const unreadable = { code: 'ledger_damaged', message: 'The ledger was changed.', remedy: '' };
    const changed = { departures: [], unreadable, verdict: { ...whole.verdict!, ok: false, entries: 2, findings } };
    const message =
      '/etc/veilbook/policy.d/team.yaml is no policy that can be followed: minimum_alpha is missing. Nothing may leave.';
    const error = { code: 'egress_refused', message, remedy: 'Mend it, or ask who reviews it.' };
    const list = tailList([knownTail(undefined, { refused: message })], { files: [], policy: null, insecure: [], error });
    const noted = { ...list, notes: ['The cluster does not say within 5 s which servers it has.'] };
    const section = await shownWith(page, noted, [], { ...whole, ...changed });
    await expect(section.getByRole('alert').filter({ hasText: 'The ledger was changed' })).toContainText(
      'line 3: its hash is not its own'
    );
    await look(page, section, 'broken');
  });
});

test.describe('with the real sidecar and a server', () => {
  let server: ProtocolServer;
  let ledger: string;

  test.beforeEach(async ({ request }) => {
    server = await ProtocolServer.start();
    const { head, tail, obfuscation } = JSON.parse(readFileSync(resolve(__dirname, '../../models/faceboxes/model.json'), 'utf8'));
    const hashes = { head_sha256: head.sha256, tail_sha256: tail.sha256, artefact_sha256: obfuscation.sha256 };
    server.parameters = { side: 'server side', alpha: '0.8', ...hashes };
    await resetSidecar(request);
    await request.post('/veilbook/start');
    ({ folder: ledger } = (await (await request.get('/veilbook/ledger')).json()) as LedgerPage);
  });

  test.afterEach(async () => {
    await server.stop();
    rmSync(ledger, { recursive: true, force: true });
  });

  test('a server is added by keyboard, and its tail comes into the active cell and no other', async ({
    page,
    request,
    tmpPath
  }) => {
    const url = `triton://127.0.0.1:${server.port}/tail`;
    await putNotebook(request, `${tmpPath}/tail.ipynb`, [LOAD, PHOTO, '%%veil noisy -i photo']);
    await openNotebook(page, `${tmpPath}/tail.ipynb`);
    await page.notebook.selectCells(0);
    const section = await openServers(page);
    await tabTo(page, section.getByRole('button', { name: 'Add a server…' }));
    await page.keyboard.press('Enter');
    const dialog = page.locator('.jp-Dialog-content');
    await expect(dialog.getByRole('textbox')).toBeFocused();
    await expectAccessible(page, '.jp-Dialog');
    await page.keyboard.type(url);
    await shoot(dialog, 'servers-add');
    await page.keyboard.press('Enter');
    const row = section.getByRole('listitem').filter({ hasText: `127.0.0.1:${server.port}` });
    await expect(row).toContainText('ready');
    await expect(row).toContainText('tail · ALPHA 0.8');
    await expect(row).toContainText('from your settings');
    expect(server.asked).toBe(0);

    const use = row.getByRole('button', { name: `Use ${url} as tail` });
    await use.click();
    await expect(dialog).toContainText('none that begins with %%veil noisy');
    await expectAccessible(page, '.jp-Dialog');
    await shoot(dialog, 'servers-copy');
    await page.keyboard.press('Escape');
    await page.notebook.selectCells(2);
    await use.focus();
    await page.keyboard.press('Enter');
    await expect(page.locator('.jp-CodeCell').nth(2)).toContainText(`tail: ${url}`);
    await expect(page.locator('.jp-CodeCell').nth(0)).not.toContainText('tail:');
    expect(server.asked).toBe(0);
    await shoot(page, 'servers-used');
    await row.getByRole('button', { name: `Forget ${url}` }).click();
    await expect(row).toHaveCount(0);
  });

  test('what left is listed, proved by a receipt, and a change of the record is seen', async ({ page }) => {
    await recordDepartures(ledger, `triton://127.0.0.1:${server.port}`);
    const section = await openServers(page);
    await expect(section.getByText('The chain is whole: 5 entries')).toBeVisible();
    const departures = section.getByRole('list', { name: 'Departures, newest first' }).getByRole('listitem');
    await expect(departures).toHaveCount(2);
    await expect(departures.first()).toContainText('obfuscated · ALPHA 0.8 · look 2 · 512 KiB · failed');
    await expect(section.getByRole('listitem').filter({ hasText: 'from the ledger' })).toContainText('ready');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      section.getByRole('button', { name: 'Download the receipt of entry 1' }).click()
    ]);
    expect(download.suggestedFilename()).toBe('veilbook-receipt-1.json');
    const receipt = JSON.parse(readFileSync((await download.path())!, 'utf8'));
    expect(checkReceipt(receipt)).toMatchObject({ ok: true, sequence: 1, arrival: { outcome: 'answered' } });

    const [name] = readdirSync(ledger).filter(each => each.endsWith('.jsonl'));
    const path = join(ledger, name);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"outcome":"failed"', '"outcome":"unknown"'));
    await section.getByRole('button', { name: 'Check again' }).click();
    await expect(section.getByRole('alert')).toContainText('line 5: its hash is not its own');
  });
});

/** A departure that was answered, and a second look that failed. */
async function recordDepartures(folder: string, destination: string): Promise<void> {
  const sha = 'a'.repeat(64);
  const departure = (count: number): Departure => ({
    ...{ run: 'run', snapshot: null, destination, server_model: 'tail', server_version: null },
    ...{ model: { name: 'faceboxes', head_sha256: sha, tail_sha256: sha }, artefact_sha256: sha, alpha: 0.8 },
    ...{ looks: { count, alpha_k: 0.7 }, clean: false, private: true, bytes: 524_288, tensor_sha256: sha, source: sha }
  });
  const arrival = { reply_sha256: null, bytes_sent: 1, bytes_received: 1, server_version: null };
  const ledger = await Ledger.open(folder);
  await ledger.settle(await ledger.depart(departure(1)), { outcome: 'answered', ...arrival });
  await ledger.settle(await ledger.depart(departure(2)), { outcome: 'failed', ...arrival });
  await ledger.close();
}
