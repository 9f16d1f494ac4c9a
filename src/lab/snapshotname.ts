import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Snapshot } from '../protocol';

/** What a person calls a snapshot: its label, or what it was taken for. */
export function nameOf({ label, kind, created }: Snapshot, trans: TranslationBundle): string {
  if (kind === 'safety') {
    return trans.__('Before a restore');
  }
  return label || (kind === 'clone' ? trans.__('Start of a clone') : trans.__('Snapshot of %1', Time.format(created)));
}

/** Bytes as `312 MiB`. */
export function sizeOf(bytes: number, trans: TranslationBundle): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10));
  const value = bytes / 1024 ** step;
  return trans.__('%1 %2', value < 10 && step > 0 ? value.toFixed(1) : Math.round(value), units[step]);
}
