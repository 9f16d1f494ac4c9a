import { type Command, InvalidArgumentError, Option } from 'commander';
import { type TritonRequest } from '../../toolkit';

/** What a pod is given, in the toolkit's flags. */
export interface AmountFlags {
  nvidiaGpu?: string;
  cpu?: string;
  memory?: string;
  allocateResource?: Record<string, string>;
}

export const withAmounts = (command: Command): Command =>
  command
    .option('-g, --nvidia-gpu <number>', 'nvidia.com/gpu of its pod (default: none)')
    .option('-p, --cpu <quantity>', 'processors of its pod, as in 0.5')
    .option('-m, --memory <quantity>', 'memory of its pod, as in 1Gi')
    .addOption(
      new Option('-r, --allocate-resource <name=amount>', 'of any other resource; may be said several times').argParser(collect)
    );

export const amountsOf = ({ nvidiaGpu, cpu, memory, allocateResource }: AmountFlags): Partial<TritonRequest> => ({
  ...(cpu !== undefined && { cpu }),
  ...(memory !== undefined && { memory }),
  ...(nvidiaGpu !== undefined && { gpus: nvidiaGpu }),
  ...(allocateResource !== undefined && { others: allocateResource })
});

function collect(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name, amount] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined) {
    throw new InvalidArgumentError('It must be name=amount, as in nvidia.com/mig-1g.5gb=1.');
  }
  return { ...before, [name]: amount };
}
