import { Type, type Static } from '@sinclair/typebox';

/** `auto | cpu | webgpu | cuda:N` as users write it. */
export const DeviceChoice = Type.String({
  pattern: '^(auto|cpu|webgpu|cuda:[0-9]{1,2})$',
  description: 'auto, cpu, webgpu or cuda:N',
  examples: ['auto', 'cuda:0']
});

export const DeviceInfo = Type.Object(
  {
    id: Type.String({ description: 'cpu, webgpu or cuda:N' }),
    name: Type.String({ description: 'as the driver reports it, or the processor model' }),
    memory_total_mib: Type.Union([Type.Number(), Type.Null()]),
    memory_used_mib: Type.Union([Type.Number(), Type.Null()]),
    usable: Type.Boolean({ description: 'an execution provider for it is installed' }),
    reason: Type.String({ description: 'why it is not usable, and the remedy; empty when usable' })
  },
  { title: 'DeviceInfo' }
);
export type DeviceInfo = Static<typeof DeviceInfo>;
