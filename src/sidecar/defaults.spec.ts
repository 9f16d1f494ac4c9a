import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newStateDir, removeStateDirs } from '../../test/sidecar/harness';
import { standInCompute } from '../../test/sidecar/stand-in-compute';
import { DefaultsStore } from './defaults';

afterAll(removeStateDirs);

describe('the defaults', () => {
  it('survive the process, in a file of its owner alone', async () => {
    const path = join(newStateDir(), 'defaults.json');
    await new DefaultsStore(path).set({ alpha: 0.4, device: 'cpu' }, standInCompute());
    expect(new DefaultsStore(path).get()).toEqual({ alpha: 0.4, device: 'cpu' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('stay as they were when the artefact does not reach the new ALPHA', async () => {
    const path = join(newStateDir(), 'defaults.json');
    const store = new DefaultsStore(path);
    await expect(store.set({ alpha: 0.99, device: 'cpu' }, standInCompute())).rejects.toMatchObject({ code: 'bad_alpha' });
    expect(store.get()).toEqual({ alpha: 0.2, device: 'auto' });
    expect(() => readFileSync(path)).toThrow('ENOENT');
  });

  it.each(['', '{', '[]', '{"alpha":-1,"device":"cpu"}', '{"alpha":0.2,"device":"tpu"}'])(
    'fall back to the built-in ones for the file %j',
    text => {
      const path = join(newStateDir(), 'defaults.json');
      writeFileSync(path, text);
      expect(new DefaultsStore(path).get()).toEqual({ alpha: 0.2, device: 'auto' });
    }
  );
});
