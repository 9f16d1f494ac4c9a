import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Mounted {
  dir: string;
  unmount: () => void;
}

const quiet = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: 'ignore' });

/**
 * A file system of its own in a file, mounted.
 * @returns null where this is not allowed or its programs are missing
 */
export function mountNew(kind: 'xfs' | 'btrfs' | 'ext4' | 'tmpfs', megabytes: number): Mounted | null {
  const top = mkdtempSync(join(tmpdir(), `veilbook-${kind}-`));
  const [image, dir] = [join(top, 'image'), join(top, 'mount')];
  mkdirSync(dir);
  try {
    if (kind === 'tmpfs') {
      quiet('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir);
    } else {
      writeFileSync(image, '');
      truncateSync(image, megabytes << 20);
      quiet(`mkfs.${kind}`, '-q', image);
      quiet('mount', '-o', 'loop', image, dir);
    }
  } catch {
    rmSync(top, { recursive: true, force: true });
    return null;
  }
  return {
    dir,
    unmount: () => {
      quiet('umount', dir);
      rmSync(top, { recursive: true, force: true });
    }
  };
}
