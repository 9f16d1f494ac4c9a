import { availableParallelism } from 'node:os';
import { DeviceCatalog, providerOf } from '../pipeline/devices';
import { type LearningDevice } from '../learning/session';

/** @throws VeilError `device_unavailable` */
export async function openDevice(choice: string = 'cpu'): Promise<LearningDevice> {
  const { devices } = await new DeviceCatalog().resolve(choice);
  const { kind, index } = providerOf(devices[0]);
  const accelerator = kind === 'cuda' ? [{ name: 'cuda', deviceId: index }] : kind === 'cpu' ? [] : [kind];
  return { providers: [...accelerator, 'cpu'] as LearningDevice['providers'], threads: Math.min(availableParallelism(), 8) };
}
