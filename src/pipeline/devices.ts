import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { VeilError, type DeviceInfo } from '../protocol';
import { listNvidiaGpus } from './devices-nvidia';
import type { Provider } from './session';

/** Where a run goes: any of `devices`, and the lines that its result must carry. */
export interface Resolution {
  devices: string[];
  notices: string[];
}

const DOCS = 'See docs/devices.md.';
const MIB = 1024 * 1024;

export function providerOf(device: string): Provider {
  const [kind, index] = device.split(':');
  return { kind: kind as Provider['kind'], index: Number(index ?? 0) };
}

/**
 * What this machine has and what can be used of it. A provider that turns out not to work when its
 * first session is made is remembered by `markBroken` for the life of the process.
 */
export class DeviceCatalog {
  private readonly broken = new Map<string, string>();
  private present: ReturnType<typeof listNvidiaGpus> | undefined;

  /** Every device, usable or not. Memory is read anew on each call. */
  async list(): Promise<DeviceInfo[]> {
    const { gpus } = await listNvidiaGpus();
    const cudaMissing = cudaProviderProblem();
    const entries = [
      cpuInfo(),
      ...gpus.map(gpu => ({
        id: `cuda:${gpu.index}`,
        name: gpu.name,
        memory_total_mib: gpu.memoryTotalMib,
        memory_used_mib: gpu.memoryUsedMib,
        reason: cudaMissing
      })),
      { id: 'webgpu', name: 'WebGPU adapter', memory_total_mib: null, memory_used_mib: null, reason: webgpuProblem() }
    ];
    return entries.map(entry => {
      const reason = this.broken.get(entry.id) ?? entry.reason;
      return { ...entry, usable: reason === '', reason };
    });
  }

  markBroken(device: string, reason: string): void {
    this.broken.set(device, reason.replace(/ Nothing was run\.$/, ''));
  }

  /**
   * Turn `auto | cpu | cuda:N | webgpu` into devices that can be tried.
   * A provider that is missing becomes `cpu` and one notice; a GPU index that this machine does not have is an error.
   * @throws VeilError `bad_request` for anything else, `device_unavailable` for an index that is not there.
   */
  async resolve(choice: string): Promise<Resolution> {
    if (choice === 'cpu') {
      return { devices: ['cpu'], notices: [] };
    }
    if (choice === 'auto') {
      return this.resolveAuto();
    }
    if (choice === 'webgpu') {
      return this.orCpu(choice, this.broken.get(choice) ?? webgpuProblem());
    }
    if (!/^cuda:\d{1,2}$/.test(choice)) {
      throw new VeilError('bad_request', `'${choice}' names no device. Nothing was run.`, 'Use auto, cpu, webgpu or cuda:N.');
    }
    const { gpus, problem } = await this.gpus();
    if (gpus.length > 0 && !gpus.some(gpu => `cuda:${gpu.index}` === choice)) {
      throw new VeilError(
        'device_unavailable',
        `There is no ${choice} on this machine. Nothing was run.`,
        `It has ${gpus.map(gpu => `cuda:${gpu.index} (${gpu.name})`).join(', ')}, and cpu.`
      );
    }
    return this.orCpu(choice, this.broken.get(choice) ?? (problem || cudaProviderProblem()));
  }

  private orCpu(choice: string, problem: string): Resolution {
    return problem === '' ? { devices: [choice], notices: [] } : { devices: ['cpu'], notices: [fallbackLine(choice, problem)] };
  }

  /** Asked once: starting nvidia-smi costs more than a frame, and GPUs do not come and go within a process. */
  private gpus(): ReturnType<typeof listNvidiaGpus> {
    return (this.present ??= listNvidiaGpus());
  }

  /** CUDA on every GPU that has not failed; else WebGPU where a discrete GPU is; else the processor. */
  private async resolveAuto(): Promise<Resolution> {
    const { gpus } = await this.gpus();
    if (gpus.length === 0) {
      return { devices: ['cpu'], notices: [] };
    }
    const missing = cudaProviderProblem();
    const working = missing ? [] : gpus.map(gpu => `cuda:${gpu.index}`).filter(id => !this.broken.has(id));
    if (working.length > 0) {
      const failed = gpus.map(gpu => `cuda:${gpu.index}`).filter(id => this.broken.has(id));
      return { devices: working, notices: failed.map(id => `${id} is left out: ${this.broken.get(id)}`) };
    }
    if ((this.broken.get('webgpu') ?? webgpuProblem()) === '') {
      return { devices: ['webgpu'], notices: [] };
    }
    const first = `cuda:${gpus[0].index}`;
    return { devices: ['cpu'], notices: [fallbackLine(`${first} (${gpus[0].name})`, missing || this.broken.get(first)!)] };
  }
}

function fallbackLine(wanted: string, problem: string): string {
  return `${wanted} cannot be used: ${problem} Running on the CPU instead.`;
}

function cpuInfo() {
  const model = cpus()[0]?.model.trim() || process.arch;
  return {
    id: 'cpu',
    name: `${model}, ${availableParallelism()} cores`,
    memory_total_mib: Math.round(totalmem() / MIB),
    memory_used_mib: Math.round((totalmem() - freemem()) / MIB),
    reason: ''
  };
}

/** Empty when ONNX Runtime's CUDA provider lies beside its main library; a package from npm does not hold it. */
function cudaProviderProblem(): string {
  const library = process.platform === 'win32' ? 'onnxruntime_providers_cuda.dll' : 'libonnxruntime_providers_cuda.so';
  return onnxruntimeFolders().some(folder => existsSync(join(folder, library)))
    ? ''
    : `ONNX Runtime's CUDA provider is not installed. ${DOCS}`;
}

/** Folders of onnxruntime-node's native files for this platform. */
export function onnxruntimeFolders(): string[] {
  const root = join(dirname(createRequire(join(__dirname, 'resolve.js')).resolve('onnxruntime-node')), '..', 'bin');
  return readdirSync(root).map(api => join(root, api, process.platform, process.arch));
}

/** Empty when the WebGPU provider has what it needs to look for an adapter: on Linux that is the Vulkan loader. */
function webgpuProblem(): string {
  if (process.platform !== 'linux') {
    return '';
  }
  const folders = [
    ...(process.env.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean),
    ...['/usr/lib', '/lib', '/usr/local/lib', '/usr/lib64', '/lib64'],
    ...(process.arch === 'arm64' ? ['/usr/lib/aarch64-linux-gnu'] : ['/usr/lib/x86_64-linux-gnu'])
  ];
  return folders.some(folder => existsSync(join(folder, 'libvulkan.so.1')))
    ? ''
    : `the Vulkan loader (libvulkan.so.1) is not installed. ${DOCS}`;
}
