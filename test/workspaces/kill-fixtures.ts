import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { workspaceId } from '../../src/workspaces/local/store';
import { newPlace, portrait, removePlaces, type Seen } from './trees';

export type State = 'changed' | 'restored' | 'cloned';
type Portrait = Record<string, Seen>;

export interface Fixture {
  top: string;
  /** The snapshot that each state starts from. */
  first: Record<State, string>;
  /** A copy of a prepared place, at the same path for whoever asks: the workspace's id comes from it. */
  copy: (state: State) => string;
  states: Record<State, Portrait>;
  /** What each prepared snapshot holds. */
  contents: Record<string, { modes: Portrait }>;
  asleep: (portrait: Portrait) => Portrait;
}

export const removeFixtures = removePlaces;

/** A small workspace with one of everything, a snapshot of it, and changes of every kind since. */
export async function fixtures(): Promise<Fixture> {
  const { top } = newPlace();
  const contents: Fixture['contents'] = {};
  const states = {} as Fixture['states'];
  const first = {} as Fixture['first'];
  for (const state of ['changed', 'restored', 'cloned'] as const) {
    const place = newPlace();
    const { dir } = place;
    build(dir);
    const workspace = await place.open();
    const snapshot = await workspace.takeSnapshot({ label: 'first' }).result;
    contents[snapshot.id] = { modes: portrait(dir) };
    change(dir);
    if (state === 'restored') {
      const modes = portrait(dir);
      const { safety } = await workspace.restore(snapshot.id).result;
      contents[safety] = { modes };
    }
    if (state === 'cloned') {
      await workspace.clone({ to: join(place.top, 'clone'), snapshot: snapshot.id }).result;
    }
    states[state] = portrait(dir);
    first[state] = snapshot.id;
    fs.renameSync(place.top, join(top, state));
  }
  let copies = 0;
  return {
    top,
    first,
    contents,
    states,
    copy: state => {
      const to = join(top, `copy-${copies++}`);
      fs.mkdirSync(to);
      execFileSync('cp', ['-a', `${join(top, state)}/.`, to]);
      return moved(to);
    },
    asleep: portrait => Object.fromEntries(Object.entries(portrait).map(([path, seen]) => [path, { ...seen, mode: 0 }]))
  };
}

/** Make a copied store that of the workspace beside it: names and documents have paths in them. */
function moved(top: string): string {
  const store = join(top, 'store');
  for (const id of fs.readdirSync(store)) {
    const file = join(store, id, 'workspace.json');
    const about = JSON.parse(fs.readFileSync(file, 'utf8')) as { id: string; dir: string; clone: { inode: string } | null };
    const dir = join(top, about.dir.endsWith('clone') ? 'clone' : 'work');
    if (about.clone) {
      about.clone.inode = `${fs.statSync(dir, { bigint: true }).ino}`;
    }
    const fresh = workspaceId(dir);
    fs.writeFileSync(file, JSON.stringify({ ...about, id: fresh, dir }));
    fs.renameSync(join(store, id), join(store, fresh));
  }
  return top;
}

function build(dir: string): void {
  const at = (name: string) => join(dir, name);
  fs.writeFileSync(at('same.txt'), 'the same all the time');
  fs.writeFileSync(at('changed.txt'), 'as it was');
  fs.writeFileSync(at('removed.txt'), 'will be removed');
  fs.mkdirSync(at('folder'));
  fs.writeFileSync(at('folder/inside.txt'), 'inside a folder');
  fs.symlinkSync('same.txt', at('link'));
  fs.mkdirSync(at('turns'));
  fs.writeFileSync(at('turns/file.txt'), 'in a folder that turns into a file');
  fs.mkdirSync(at('empty'));
}

function change(dir: string): void {
  const at = (name: string) => join(dir, name);
  fs.writeFileSync(at('changed.txt'), 'as it is now');
  fs.rmSync(at('removed.txt'));
  fs.writeFileSync(at('new.txt'), 'new');
  fs.writeFileSync(at('folder/inside.txt'), 'something longer inside a folder');
  fs.writeFileSync(at('folder/more.txt'), 'more');
  fs.chmodSync(at('same.txt'), 0o755);
  fs.rmSync(at('link'));
  fs.symlinkSync('/nowhere', at('link'));
  fs.rmSync(at('turns'), { recursive: true });
  fs.writeFileSync(at('turns'), 'a file now');
  fs.mkdirSync(at('fresh/deep'), { recursive: true });
  fs.writeFileSync(at('fresh/deep/leaf.txt'), 'leaf');
}
