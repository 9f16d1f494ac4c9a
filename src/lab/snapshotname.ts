import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Snapshot } from '../protocol';

/** What a person calls a snapshot: its label, or what it was taken for, or from which notebook. */
export function nameOf({ label, kind, notebook }: Snapshot, trans: TranslationBundle): string {
  if (kind === 'safety') {
    return trans.__('Before a restore');
  }
  if (label || kind === 'clone') {
    return label || trans.__('Start of a clone');
  }
  return notebook ? PathExt.basename(notebook.path) : trans.__('Snapshot');
}

/** Bytes as `312 MiB`. */
export function sizeOf(bytes: number, trans: TranslationBundle): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10));
  const value = bytes / 1024 ** step;
  return trans.__('%1 %2', value < 10 && step > 0 ? value.toFixed(1) : Math.round(value), units[step]);
}
