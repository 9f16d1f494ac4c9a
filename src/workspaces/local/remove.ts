import { chmod, lstat, namesIn, rmdir, unlink } from './direct';
import { type Folder } from './folder';
import { eachLimited } from './limited';
import { relOf, type Rel } from './paths';
import { step } from '../step';
import { gone } from './walk';

/** Remove whatever is at `name`, through folders without write permission; nothing there is fine. Links are not followed. */
export async function removeTree(parent: Folder, name: Rel): Promise<void> {
  const stats = await lstat(parent.at(name)).catch(absent);
  if (stats === null) {
    return;
  }
  if (stats.isDirectory()) {
    if ((stats.mode & 0o700) !== 0o700) {
      await chmod(parent.at(name), 0o700);
    }
    const folder = await parent.child(name);
    try {
      const names = (await namesIn(folder.at('.'))).map(relOf);
      await eachLimited(names, 8, child => removeTree(folder, child));
    } finally {
      await folder.close();
    }
    step(`rmdir ${name}`);
    await rmdir(parent.at(name)).catch(absent);
  } else {
    step(`unlink ${name}`);
    await unlink(parent.at(name)).catch(absent);
  }
}

function absent(thrown: unknown): null {
  if (gone(thrown)) {
    return null;
  }
  throw thrown;
}
