import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface NvidiaGpu {
  /** The N of `cuda:N`: the position among the GPUs that this process may see, in PCI bus order. */
  index: number;
  name: string;
  memoryTotalMib: number | null;
  memoryUsedMib: number | null;
}

const QUERY = ['--query-gpu=index,uuid,name,memory.total,memory.used', '--format=csv,noheader,nounits'];

/** The NVIDIA GPUs by `nvidia-smi`, which comes with the driver; `problem` says why there are none. */
export async function listNvidiaGpus(): Promise<{ gpus: NvidiaGpu[]; problem: string }> {
  let table: string;
  try {
    table = (await promisify(execFile)('nvidia-smi', QUERY, { timeout: 5000, env: process.env })).stdout;
  } catch (thrown) {
    const absent = (thrown as NodeJS.ErrnoException).code === 'ENOENT';
    const detail = String((thrown as { stdout?: string }).stdout ?? '')
      .split('\n')[0]
      .trim();
    return {
      gpus: [],
      problem: absent
        ? 'no NVIDIA driver was found (nvidia-smi is not installed).'
        : `nvidia-smi failed${detail ? ` (${detail})` : ''}.`
    };
  }
  const gpus = visibleGpus(table, process.env.CUDA_VISIBLE_DEVICES);
  return { gpus, problem: gpus.length > 0 ? '' : 'the NVIDIA driver shows no GPU to this process.' };
}

/**
 * Rows of nvidia-smi's CSV that CUDA would enumerate. As CUDA does, `CUDA_VISIBLE_DEVICES` chooses and
 * renumbers by index or by the beginning of a uuid, and the first unknown entry hides the rest.
 */
export function visibleGpus(csv: string, visible: string | undefined): NvidiaGpu[] {
  const rows = csv
    .split('\n')
    .map(line => line.split(',').map(cell => cell.trim()))
    .filter(cells => cells.length >= 5)
    .map(([index, uuid, ...rest]) => ({
      index,
      uuid,
      // A name may hold commas; the two memory columns are always the last.
      name: rest.slice(0, -2).join(', '),
      memoryTotalMib: mebibytes(rest.at(-2)),
      memoryUsedMib: mebibytes(rest.at(-1))
    }));
  let chosen = rows;
  if (visible !== undefined) {
    chosen = [];
    for (const entry of visible.split(',').map(text => text.trim())) {
      const row = rows.find(candidate => candidate.index === entry || (entry.length > 4 && candidate.uuid.startsWith(entry)));
      if (!row) {
        break;
      }
      chosen.push(row);
    }
  }
  return chosen.map(({ name, memoryTotalMib, memoryUsedMib }, index) => ({ index, name, memoryTotalMib, memoryUsedMib }));
}

/** "[N/A]" stands where a GPU shares the host's memory. */
function mebibytes(cell: string | undefined): number | null {
  const value = Number(cell);
  return cell && Number.isFinite(value) ? value : null;
}
