import { Dialog, Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { departureRow, inspectedTail, knownTail, ledgerPage, tailList } from '../../../test/lab/documents';
import { control, one, show, until } from '../../../test/lab/page';
import { TestServer } from '../../../test/lab/server';
import type { InspectedTail, LedgerPage, TailList } from '../../protocol';
import type { ServersModel } from '../model/servers';
import { addServerCommands } from '../servercommands';
import { serverQuestions } from '../serverquestions';
import type { ActiveCell } from '../tailcell';
import { ServersSection } from './serverssection';

const { url } = knownTail();

describe('the section "Servers"', () => {
  let server: TestServer;
  let model: ServersModel;
  let section: ServersSection;
  let cell: ActiveCell | null;
  let done: string[];
  const trans = nullTranslator.load('veilbook');

  async function begin(list: TailList = tailList(), look: InspectedTail = inspectedTail(), ledger: LedgerPage = ledgerPage()) {
    server = new TestServer({ state: 'stopped' });
    server.answer('GET servers', list);
    server.answer('GET servers/inspect', look);
    server.answer('GET ledger', ledger);
    done = [];
    model = server.servers();
    const commands = new CommandRegistry();
    const places = { cell: () => cell, download: (name: string) => void done.push(name) };
    addServerCommands(commands, model, serverQuestions(trans), places, trans);
    section = new ServersSection(model, commands, trans);
    show(section);
    await until(
      () =>
        model.ledger &&
        section.node.querySelector('.jp-Veilbook-serverPart + .jp-Veilbook-serverPart h3 + :not(.jp-Veilbook-asking)')
    );
    return section.node;
  }

  const noisy = (source = '%%veil noisy -i photo'): ActiveCell => ({
    source,
    notebook: 'a.ipynb',
    readOnly: false,
    replace: text => void done.push(text)
  });

  beforeEach(() => {
    cell = null;
  });

  afterEach(() => {
    Notification.dismiss();
    section.dispose();
    model.dispose();
    Dialog.flush();
  });

  const use = (node: HTMLElement) => control<HTMLButtonElement>(node, `Use ${url} as tail`);

  it('says in words how a server is, what it serves and what it has run', async () => {
    const node = await begin();
    await until(() => node.textContent?.includes('ALPHA 0.8'));
    const text = one(node, '.jp-Veilbook-server').textContent;
    expect(text).toMatch(/^inference\.example:8000ready · face_detection_noisy · ALPHA 0\.8/);
    expect(text).toContain('1204 inferences · mean 12 ms, 0.4 ms of it in the queue');
    expect(text).toContain('HTTP, no TLS · from servers.json, the ledger');
  });

  it('writes the tail into the active cell of a noisy run, and into no other', async () => {
    const node = await begin();
    await until(() => node.textContent?.includes('ready'));
    cell = noisy();
    use(node).click();
    await until(() => done.length);
    expect(done).toEqual([`%%veil noisy -i photo\ntail: ${url}`]);
    expect(Notification.manager.notifications[0].message).toContain('Nothing is sent before you run it.');
    for (const other of [noisy('%%veil clean -i photo'), { ...noisy(), readOnly: true }, null]) {
      cell = other;
      use(node).click();
      // The dialog draws its body in its own time.
      await until(() => document.querySelector('.jp-Dialog')?.textContent?.includes(`tail: ${url}`));
      [...document.querySelectorAll<HTMLElement>('.jp-Dialog button')].at(-1)!.click();
      await until(() => !document.querySelector('.jp-Dialog'));
    }
    expect(done).toHaveLength(1);
  });

  it('shows by which rule nothing may leave for a server, and does not offer it', async () => {
    const rule = '/etc/veilbook/policy.yaml: tls is required and triton://inference.example:8000 has none';
    const node = await begin(tailList([knownTail(undefined, { refused: rule })]));
    expect(one(node, '.jp-Veilbook-server').textContent).toContain(`refused`);
    expect(one(node, '.jp-Veilbook-serverReason').textContent).toContain(rule);
    expect(use(node).disabled).toBe(true);
  });

  it('shows cause and remedy of one that is away or does not fit', async () => {
    const reason = { code: 'server_unavailable', message: 'It is away: nobody listens there.', remedy: 'See that it runs.' };
    const node = await begin(undefined, inspectedTail(undefined, { state: 'away', reason, statistics: [], alpha: null }));
    await until(() => node.querySelector('[data-health="away"]'));
    expect(one(node, '.jp-Veilbook-serverReason').textContent).toBe('It is away: nobody listens there. See that it runs.');
    expect(use(node).disabled).toBe(false);
  });

  it('has the policy in one line, and what it leaves open', async () => {
    const node = await begin();
    const policy = one(node, '[aria-label="Policy"]').textContent;
    expect(policy).toContain('/etc/veilbook/policy.yaml');
    expect(policy).toContain('1 server · ALPHA 0.5 and above · TLS where given · clean activations never');
    expect(policy).toContain('2 settings left open');
    expect(policy).toContain('tls is not required');
  });

  it('says that nothing may leave where a policy cannot be followed', async () => {
    const error = { code: 'egress_refused', message: 'team.yaml is no policy that can be followed.', remedy: 'Mend it.' };
    const node = await begin(tailList([], { files: [], policy: null, insecure: [], error }));
    expect(one(node, '[aria-label="Policy"] [role="alert"]').textContent).toContain('team.yaml is no policy');
  });

  it('lists what left with what came of it, and downloads a receipt', async () => {
    const rows = [
      departureRow(7, { outcome: 'unknown' }),
      departureRow(5, { protection: 'clean', alpha: null, looks: null }),
      departureRow(3, { looks: 4, snapshot: 'before' })
    ];
    const node = await begin(undefined, undefined, ledgerPage(rows, { more: true }));
    const texts = [...node.querySelectorAll('.jp-Veilbook-departure')].map(row => row.textContent);
    expect(texts[0]).toContain('obfuscated · ALPHA 0.8 · look 1 · 512 KiB · outcome unknown');
    expect(texts[1]).toContain('cleanface_detection_noisy · 512 KiB · answered');
    expect(texts[2]).toContain('look 4 · 512 KiB · answered · snapshot before');
    expect(one(node, '.jp-Veilbook-verdict').textContent).toContain('The chain is whole: 9 entries');
    server.answer('GET ledger/receipt', { schema: 1, departed: '', settled: null, path: [], head: '' });
    control(node, 'Download the receipt of entry 5').click();
    await until(() => done.length);
    expect(done).toEqual(['veilbook-receipt-5.json']);
    control(node, 'Show earlier ones').click();
    await until(() => server.requests.includes('GET ledger?limit=20&verify=false'));
  });

  it('says where a ledger was changed', async () => {
    const whole = ledgerPage();
    const findings = [{ file: '000001.jsonl', line: 3, what: 'its hash is not its own' }];
    const unreadable = { code: 'ledger_damaged', message: 'The ledger was changed.', remedy: '' };
    const broken = { departures: [], unreadable, verdict: { ...whole.verdict!, ok: false, entries: 2, findings } };
    const node = await begin(undefined, undefined, { ...whole, ...broken });
    const alert = one(node, '[aria-label="What left"] [role="alert"]').textContent;
    expect(alert).toContain('000001.jsonl, line 3: its hash is not its own');
    expect(alert).toContain('move it away; a new ledger then begins');
  });

  it('is a few quiet lines where no server is known and nothing ever left', async () => {
    const node = await begin(tailList([]), undefined, ledgerPage([]));
    expect(node.querySelector('[role="alert"]')).toBeNull();
    expect(node.textContent).toContain('No model server is known. Tails run here, and nothing leaves.');
    expect(node.textContent).toContain('Nothing ever left from here');
  });
});
