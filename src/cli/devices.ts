import { Command } from 'commander';
import { DeviceCatalog } from '../pipeline/devices';
import { print } from './output';

export function devicesCommand(): Command {
  return new Command('devices')
    .description('list what --device can name, usable or not, with the reason')
    .option('--json', 'print one JSON document')
    .action(list);
}

async function list({ json }: { json?: boolean }): Promise<void> {
  const devices = await new DeviceCatalog().list();
  if (json) {
    print({ schema: 1, devices });
    return;
  }
  const memory = (used: number | null, total: number | null) =>
    total === null ? '' : `${used === null ? '?' : gibibytes(used)} of ${gibibytes(total)} GiB used`;
  print(
    devices
      .map(({ id, name, memory_used_mib: used, memory_total_mib: total, reason }) =>
        [id.padEnd(8), name, memory(used, total), reason && `not usable: ${reason}`].filter(Boolean).join('  ')
      )
      .join('\n')
  );
}

function gibibytes(mib: number): string {
  return (mib / 1024).toFixed(1);
}
