import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceCatalog } from './devices';
import { visibleGpus } from './devices-nvidia';

const TWO = '0, GPU-aaaa1111, NVIDIA H200, 143771, 3210\n1, GPU-bbbb2222, NVIDIA H200, 143771, [N/A]\n';

describe('GPUs as CUDA would enumerate them', () => {
  it('reads name and memory, and leaves out what the driver does not know', () => {
    expect(visibleGpus(TWO, undefined)).toEqual([
      { index: 0, name: 'NVIDIA H200', memoryTotalMib: 143771, memoryUsedMib: 3210 },
      { index: 1, name: 'NVIDIA H200', memoryTotalMib: 143771, memoryUsedMib: null }
    ]);
  });

  it('follows CUDA_VISIBLE_DEVICES by index and uuid, and stops at the first unknown entry', () => {
    expect(visibleGpus(TWO, 'GPU-bbbb')).toMatchObject([{ index: 0, memoryUsedMib: null }]);
    expect(visibleGpus(TWO, '1,9,0')).toHaveLength(1);
    expect(visibleGpus(TWO, '')).toEqual([]);
  });
});

describe('device choices', () => {
  const path = process.env.PATH;
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'veilbook-devices-'));
  });
  afterEach(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  });

  /** Stands in for the driver's tool; everything behind it is real. */
  function nvidiaSmi(script: string): void {
    writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'nvidia-smi'), 0o755);
    process.env.PATH = `${folder}:${path}`;
  }

  it('runs on the processor with no word about it when no GPU is there', async () => {
    process.env.PATH = folder;
    expect(await new DeviceCatalog().resolve('auto')).toEqual({ devices: ['cpu'], notices: [] });
  });

  it('falls back to the CPU with one line when CUDA is asked for and there is no driver', async () => {
    process.env.PATH = folder;
    const { devices, notices } = await new DeviceCatalog().resolve('cuda:0');
    expect(devices).toEqual(['cpu']);
    expect(notices).toEqual([
      'cuda:0 cannot be used: no NVIDIA driver was found (nvidia-smi is not installed). Running on the CPU instead.'
    ]);
  });

  it('lists GPUs whose provider is missing as not usable, and says so when auto leaves them idle', async () => {
    nvidiaSmi(`printf '${TWO.replaceAll('\n', '\\n')}'`);
    const catalog = new DeviceCatalog();
    const [cpu, first] = await catalog.list();
    expect(cpu).toMatchObject({ id: 'cpu', usable: true, reason: '' });
    expect(first).toMatchObject({ id: 'cuda:0', name: 'NVIDIA H200', memory_total_mib: 143771, memory_used_mib: 3210 });
    catalog.markBroken('webgpu', 'it has no adapter.');
    catalog.markBroken('cuda:0', 'it failed. Nothing was run.');
    catalog.markBroken('cuda:1', 'it failed.');
    const { devices, notices } = await catalog.resolve('auto');
    expect(devices).toEqual(['cpu']);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/^cuda:0 \(NVIDIA H200\) cannot be used: .* Running on the CPU instead\.$/);
    expect(notices[0]).not.toContain('Nothing was run');
  });

  it('refuses a GPU that is not there and names those that are', async () => {
    nvidiaSmi(`printf '${TWO.replaceAll('\n', '\\n')}'`);
    await expect(new DeviceCatalog().resolve('cuda:7')).rejects.toMatchObject({
      code: 'device_unavailable',
      remedy: 'It has cuda:0 (NVIDIA H200), cuda:1 (NVIDIA H200), and cpu.'
    });
  });

  it('passes on what nvidia-smi complains about', async () => {
    nvidiaSmi("echo 'NVIDIA-SMI has failed because it could not talk to the driver.'; exit 9");
    const { notices } = await new DeviceCatalog().resolve('cuda:0');
    expect(notices[0]).toContain('nvidia-smi failed (NVIDIA-SMI has failed because it could not talk to the driver.)');
  });

  it('refuses what names no device', async () => {
    await expect(new DeviceCatalog().resolve('gpu')).rejects.toMatchObject({ code: 'bad_request' });
  });
});
