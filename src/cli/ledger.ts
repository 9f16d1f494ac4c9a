import { Command, InvalidArgumentError, Option } from 'commander';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { checkReceipt, ledgerFolder, receiptOf, verifyLedger, viewLedger } from '../egress/ledger';
import { decodeSafetensors, FAILURES, VeilError } from '../protocol';
import { describeReceipt, describeVerdict, departureTable } from './ledger-report';
import { print } from './output';

const AFTER = `
The ledger records every tensor that left for a model server, before its first byte was sent. It lies in
$XDG_DATA_HOME/veilbook/ledger (~/.local/share), or in VEILBOOK_LEDGER_DIR. Put what "ledger show --head" prints where the user of
this machine cannot change it: whoever has that hash can tell later that nothing before it was taken away or rewritten.
Exit codes: 0 done, and sound; 2 wrong use, or no such entry; 4 the ledger was changed, or a receipt does not prove what it says.`;

interface Flags {
  dir?: string;
  json?: boolean;
}

/** `veilbook ledger`: what left, and whether the record of it is whole. */
export function ledgerCommand(): Command {
  const ledger = new Command('ledger')
    .description('what left for a model server: show it, verify it, print a receipt of one frame')
    .addHelpText('after', AFTER);
  const add = (name: string, description: string) =>
    ledger.command(name).description(description).option('--dir <dir>', 'the ledger (default: yours)');
  add('show', 'list what left last')
    .addOption(new Option('--last <n>', 'so many').argParser(whole).default(20))
    .option('--head', 'print only the last entry’s number and hash')
    .option('--json', 'print one JSON document')
    .action(show);
  add('verify', 'look through the whole ledger, or check a receipt with nothing else at hand')
    .option('--head <hash>', 'hash of an entry that was published earlier')
    .option('--receipt <file>', 'check this receipt instead')
    .option('--tensor <file>', 'with --receipt: the tensor as it was sent, as raw bytes or the only one of a .safetensors')
    .option('--json', 'print one JSON document')
    .action(verify);
  add('receipt', 'print the receipt of one departure as JSON')
    .argument('<sequence>', 'number of its entry', whole)
    .addOption(new Option('--head <sequence>', 'entry to prove it against (default: the last)').argParser(whole))
    .action(receipt);
  return ledger;
}

const folderOf = ({ dir }: Flags): string => (dir === undefined ? ledgerFolder() : resolve(dir));

function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) {
    throw new InvalidArgumentError('It must be a whole number from 0 on.');
  }
  return Number(text);
}

function show(flags: Flags & { last: number; head?: boolean }): void {
  const view = viewLedger(folderOf(flags), flags.head ? 0 : flags.last);
  if (flags.head) {
    if (!view.head) {
      throw new VeilError('not_found', `There is no ledger in ${view.folder}: nothing was ever sent from here.`, '');
    }
    print(flags.json ? { schema: 1, ...view.head } : `${view.head.sequence} ${view.head.hash}`);
    return;
  }
  print(flags.json ? view : departureTable(view));
}

async function verify(flags: Flags & { head?: string; receipt?: string; tensor?: string }): Promise<void> {
  if (flags.tensor !== undefined && flags.receipt === undefined) {
    throw new VeilError('bad_request', '--tensor says nothing without --receipt.', 'Name the receipt.');
  }
  if (flags.head !== undefined && !/^[0-9a-f]{64}$/.test(flags.head)) {
    throw new VeilError(
      'bad_request',
      '--head is no SHA-256 of 64 hexadecimal digits.',
      'veilbook ledger show --head prints one.'
    );
  }
  const { head } = flags;
  if (flags.receipt !== undefined) {
    const tensor = flags.tensor === undefined ? undefined : await tensorOf(flags.tensor);
    const verdict = checkReceipt(await documentOf(flags.receipt), { head, tensor });
    end(flags, verdict, describeReceipt(verdict, head !== undefined));
    return;
  }
  const verdict = await verifyLedger(folderOf(flags), { head });
  end(flags, verdict, describeVerdict(verdict));
}

function end({ json }: Flags, verdict: { ok: boolean }, text: string): void {
  print(json ? verdict : text);
  if (!verdict.ok) {
    process.exitCode = FAILURES.ledger_damaged.exit;
  }
}

function receipt(sequence: number, flags: Flags & { head?: number }): void {
  print(receiptOf(folderOf(flags), sequence, flags.head));
}

async function contentOf(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new VeilError('bad_request', `${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`, '');
  }
}

async function documentOf(path: string): Promise<unknown> {
  try {
    return JSON.parse((await contentOf(path)).toString('utf8'));
  } catch (error) {
    throw error instanceof VeilError ? error : new VeilError('bad_request', `${path} is no JSON.`, 'Name a receipt.');
  }
}

/** Bytes of a tensor as they were sent: little-endian, row-major. */
async function tensorOf(path: string): Promise<Uint8Array> {
  const bytes = await contentOf(path);
  if (!path.endsWith('.safetensors')) {
    return bytes;
  }
  const [tensor, ...more] = Object.values(decodeSafetensors(bytes).tensors);
  if (!tensor || more.length > 0) {
    throw new VeilError('bad_request', `${path} holds ${more.length + (tensor ? 1 : 0)} tensors, not one.`, '');
  }
  const { data } = tensor;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
