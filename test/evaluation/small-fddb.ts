import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { packagedPhotographs, ramps } from '../cli/images';

/** Ellipses around the faces of the packaged photographs: radii, angle and centre as shares of width and height. */
const FACES: Record<string, { x: number; y: number; major: number; minor: number }> = {
  'astronaut.png': { x: 0.436, y: 0.22, major: 0.12, minor: 0.085 },
  'grace_hopper.jpg': { x: 0.52, y: 0.37, major: 0.2, minor: 0.15 }
};

const FOLDS = 3;

/**
 * A data set in the layout of FDDB: crops and sizes of the packaged photographs, one picture without faces in each fold, a
 * photograph in the last fold that is missing and one that is cut short.
 * @param images good ones, over all folds
 */
export async function smallFddb(dir: string, images: number, bad = true): Promise<void> {
  const packaged = packagedPhotographs();
  for (let fold = 1; fold <= FOLDS; fold++) {
    const lines: string[] = [];
    const put = (name: string, faces: string[], picture: Buffer | null) => {
      lines.push(name, String(faces.length), ...faces);
      const path = join(dir, 'originalPics', `${name}.jpg`);
      mkdirSync(dirname(path), { recursive: true });
      if (picture) {
        writeFileSync(path, picture);
      }
    };
    for (let i = fold - 1; i < images; i += FOLDS) {
      const name = `made/${fold}/picture${i}`;
      const photo = packaged[i % (packaged.length + 1)];
      if (photo === undefined) {
        put(name, [], await ramps(160 + i, 120));
        continue;
      }
      const width = 200 + 8 * i;
      const { data, info } = await sharp(photo).removeAlpha().resize(width).jpeg().toBuffer({ resolveWithObject: true });
      const { x, y, major, minor } = FACES[photo.split('/').at(-1)!];
      const ellipse = [major * info.height, minor * info.width, Math.PI / 2, x * info.width, y * info.height];
      put(name, [`${ellipse.map(value => value.toFixed(3)).join(' ')}  1`], data);
    }
    if (bad && fold === FOLDS) {
      put('made/missing', ['10 8 1.5 20 20 1'], null);
      put('made/cut', ['10 8 1.5 20 20 1'], (await ramps()).subarray(0, 2000));
    }
    mkdirSync(join(dir, 'FDDB-folds'), { recursive: true });
    writeFileSync(join(dir, 'FDDB-folds', `FDDB-fold-0${fold}-ellipseList.txt`), `${lines.join('\n')}\n`);
  }
}
