import { type V1ResourceRequirements } from '@kubernetes/client-node';
import { VeilError } from '../protocol';
import { bytesOf } from '../workspaces/kubernetes/quantity';

/** What a pod is given. Each amount is requested and is the limit too, as the toolkit has it. */
export interface Amounts {
  /** A quantity, such as 0.5 or 500m. */
  cpu?: string;
  /** A quantity, such as 1Gi. */
  memory?: string;
  /** Number of nvidia.com/gpu. */
  gpus?: string;
  /** Further resources by name, such as nvidia.com/mig-1g.5gb. */
  others?: Record<string, string>;
}

/** @throws VeilError `bad_request` naming the amount that is none */
export function resourcesOf({ cpu, memory, gpus, others }: Amounts): V1ResourceRequirements {
  const asked: [string, string | undefined][] = [
    ['cpu', cpu],
    ['memory', memory],
    ['nvidia.com/gpu', gpus],
    ...Object.entries(others ?? {})
  ];
  const amounts = Object.fromEntries(asked.filter((one): one is [string, string] => one[1] !== undefined));
  const [name, wrong] = Object.entries(amounts).find(([, amount]) => !(bytesOf(amount) >= 0)) ?? [];
  if (name !== undefined) {
    throw new VeilError(
      'bad_request',
      `${wrong || "''"} is no amount of ${name}. Nothing was made.`,
      'Say it as in 1, 500m, 2Gi.'
    );
  }
  return Object.keys(amounts).length === 0 ? {} : { requests: amounts, limits: { ...amounts } };
}
