import { access, mkdir, open, unlink } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { CodedPicture } from '../pipeline/compute';
import { VeilError, type DetectionResult } from '../protocol';

/** The folder of `--out`. A picture gets the name of its image and the mode, and a number where that is taken. */
export class PictureFolder {
  private constructor(private readonly path: string) {}

  /** @throws VeilError `output_unwritable`. */
  static async open(path: string): Promise<PictureFolder> {
    try {
      await makeFolder(resolve(path));
      const probe = join(path, `.veilbook-${process.pid}`);
      await (await open(probe, 'wx')).close();
      await unlink(probe);
    } catch (thrown) {
      throw unwritable(path, thrown, 'Nothing was run.');
    }
    return new PictureFolder(path);
  }

  /** Write one picture and return its path. What exists already is never overwritten. */
  async write(image: string, result: DetectionResult, picture: CodedPicture): Promise<string> {
    const stem = basename(image, extname(image));
    const mode = result.alpha === null ? result.mode : `${result.mode}-${result.alpha}`;
    const suffix = picture.mime === 'image/png' ? 'png' : 'jpg';
    for (let copy = 1; ; copy++) {
      const path = join(this.path, `${stem}.${mode}${copy > 1 ? `-${copy}` : ''}.${suffix}`);
      try {
        await writeNew(path, picture.data);
        return path;
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') {
          throw unwritable(path, thrown, 'That picture was not written.');
        }
      }
    }
  }
}

/** As `mkdir -p`. Node's own recursive mkdir never ends below /proc. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(path) !== path && !(await exists(dirname(path)))) {
      await makeFolder(dirname(path));
      await mkdir(path);
    } else if (code !== 'EEXIST') {
      throw thrown;
    }
  }
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false
  );
}

/** Create and fill a file; a half-written one is removed. */
async function writeNew(path: string, data: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(data);
  } catch (thrown) {
    await unlink(path).catch(() => undefined);
    throw thrown;
  } finally {
    await file.close();
  }
}

export function unwritable(path: string, thrown: unknown, undone: string): VeilError {
  const { code, message } = thrown as NodeJS.ErrnoException;
  return new VeilError(
    'output_unwritable',
    `${path} cannot be written (${code ?? message}). ${undone}`,
    'Choose a folder with space and permission by --out.'
  );
}
