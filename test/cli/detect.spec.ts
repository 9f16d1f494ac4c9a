import { Value } from '@sinclair/typebox/value';
import { copyFileSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { DetectDocument } from '../../src/protocol';
import { root, veilbook } from './cli';
import { packagedPhotographs, ramps } from './images';

jest.setTimeout(120_000);

let folder: string;
let photo: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'veilbook-cli-'));
  photo = join(folder, 'photo.jpg');
  writeFileSync(photo, await ramps());
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('veilbook detect', () => {
  it('prints one line an image, and notices on stderr', async () => {
    const { code, stdout, stderr } = await veilbook(['detect', photo, '--device', 'cpu']);
    expect(stdout).toMatch(/^\S+photo\.jpg {2}\d+ faces? at 0\.5 {2}[\d.]+ ms on cpu\n$/);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('prints one JSON document that its schema accepts', async () => {
    const { code, stdout } = await veilbook(['detect', photo, '--mode', 'noisy', '--alpha', '0.2', '--json']);
    const document = JSON.parse(stdout) as DetectDocument;
    expect([...Value.Errors(DetectDocument, document)]).toEqual([]);
    expect(document.results[0]).toMatchObject({
      mode: 'noisy',
      alpha: 0.2,
      width: 320,
      height: 240,
      threshold: 0.25,
      private: true
    });
    expect(document.results[0].artefact).toMatchObject({ calibrated: true });
    expect(code).toBe(0);
  });

  it('says how often a source was seen with fresh noise, and takes the same file again for no other look', async () => {
    const patches = Uint8Array.from({ length: 12 * 9 * 3 }, (_, i) => (i * i * 7) % 251);
    const scene = () => sharp(patches, { raw: { width: 12, height: 9, channels: 3 } }).resize(320, 240, { fit: 'fill' });
    const [one, again] = ['one.jpg', 'again.jpg'].map(name => join(folder, name));
    await scene().jpeg().toFile(one);
    await scene().jpeg({ quality: 50 }).toFile(again);
    const noisy = ['detect', one, one, again, '--mode', 'noisy', '--alpha', '0.2', '--device', 'cpu'];
    const { results } = JSON.parse((await veilbook([...noisy, '--json'])).stdout) as DetectDocument;
    // Images are run side by side: which of them is counted last is open.
    expect(Math.max(...results.map(({ looks }) => looks!.count))).toBe(2);
    const { stdout, stderr } = await veilbook(noisy);
    expect(stdout).toMatch(/ {2}seen 2 times {2}/);
    expect(stdout).not.toMatch(/seen 3 times/);
    expect(stderr).toMatch(/This source was seen 2 times with fresh noise: ALPHA for all looks together is 0\.\d\d \(one look/);
  });

  it('says once what ALPHA means and that a provider is missing, and names the device that ran', async () => {
    const { stdout, stderr } = await veilbook(
      ['detect', photo, photo, '--mode', 'noisy', '--alpha', '0.2', '--device', 'webgpu', '--json'],
      {}
    );
    const { results } = JSON.parse(stdout) as DetectDocument;
    expect(stderr.match(/ALPHA 0\.2: the strongest attacker it was calibrated to recovers/g)).toHaveLength(1);
    if (results[0].device === 'cpu') {
      expect(stderr.match(/webgpu cannot be used: .* Running on the CPU instead\./g)).toHaveLength(1);
      expect(results[1].notices.join()).toContain('Running on the CPU instead.');
    }
  });

  const photographs = packagedPhotographs();
  (photographs.length === 2 ? it : it.skip)(
    'finds the faces of both packaged photographs, clean and noisy at a low ALPHA',
    async () => {
      for (const mode of [['clean'], ['noisy', '--alpha', '0.2']]) {
        const { stdout } = await veilbook(['detect', ...photographs, '--json', '--mode', ...mode]);
        for (const { detections, threshold } of (JSON.parse(stdout) as DetectDocument).results) {
          expect(detections.filter(({ score }) => score >= threshold).length).toBeGreaterThan(0);
        }
      }
    }
  );

  it('writes annotated pictures and overwrites nothing, not even the source', async () => {
    const other = join(folder, 'other');
    mkdirSync(other);
    copyFileSync(photo, join(other, 'photo.jpg'));
    const source = readFileSync(photo);
    const run = () => veilbook(['detect', photo, join(other, 'photo.jpg'), '--out', folder, '--json']);
    const first = JSON.parse((await run()).stdout) as DetectDocument;
    const again = JSON.parse((await run()).stdout) as DetectDocument;
    const paths = [...first.results, ...again.results].map(({ picture }) => picture!);
    expect(new Set(paths).size).toBe(4);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['photo.clean.jpg', 'photo.clean-2.jpg', 'photo.clean-4.jpg']));
    expect(await sharp(paths[0]).metadata()).toMatchObject({ format: 'jpeg', width: 320, height: 240 });
    expect(readFileSync(photo).equals(source)).toBe(true);
  });

  it('stops cleanly by Ctrl-C with exit code 130 and what was done', async () => {
    const { code, stdout, stderr } = await veilbook(['detect', ...Array(2000).fill(photo)], { interruptWhen: /on \w/ });
    expect(code).toBe(130);
    expect(stdout.split('\n').length).toBeLessThan(2000);
    expect(stderr).toMatch(/^veilbook: .*cancelled.*\n$/);
  });

  it("leaves no trace of ONNX Runtime's usage data, which would leave the machine", async () => {
    const home = join(folder, 'home');
    mkdirSync(home);
    expect(
      (await veilbook(['detect', photo, '--device', 'cpu'], { env: { HOME: home, XDG_CACHE_HOME: join(home, 'cache') } })).code
    ).toBe(0);
    expect(readdirSync(home)).toEqual([]);
  });

  (process.platform === 'linux' ? it : it.skip)('says in one line that the disk is full', async () => {
    const { code, stderr } = await veilbook(['detect', photo, '--json'], { stdout: openSync('/dev/full', 'w') });
    expect(stderr).toMatch(/^veilbook: The output could not be written \(ENOSPC.*\n$/);
    expect(code).toBe(6);
  });
});

describe('wrong use is one line and exit code 2', () => {
  it.each([
    ['an unknown command', ['explode'], 'unknown command'],
    ['an unknown option', ['detect', 'x.jpg', '--frobnicate'], 'unknown option'],
    ['no image', ['detect'], 'missing required argument'],
    ['an unknown mode', ['detect', 'x.jpg', '--mode', 'dirty'], 'clean, noisy'],
    ['noisy without ALPHA', ['detect', 'x.jpg', '--mode', 'noisy'], '--alpha 0.2'],
    ['ALPHA without noisy', ['detect', 'x.jpg', '--alpha', '0.2'], '--mode noisy'],
    ['ALPHA that is no number', ['detect', 'x.jpg', '--mode', 'noisy', '--alpha', 'much'], 'must be a number'],
    ['a device that is none', ['detect', 'PHOTO', '--device', 'gpu'], 'auto, cpu, webgpu or cuda:N'],
    ['a threshold beyond 1', ['detect', 'PHOTO', '--threshold', '7'], 'Use 0 to 1']
  ])('%s', async (_, args, words) => {
    const { code, stdout, stderr } = await veilbook(args.map(arg => (arg === 'PHOTO' ? photo : arg)));
    expect(stderr).toMatch(/^veilbook: [^\n]+\n$/);
    expect(stderr).toContain(words);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('an ALPHA outside the artefact', async () => {
    const { code, stderr } = await veilbook(['detect', photo, '--mode', 'noisy', '--alpha', '7']);
    expect(stderr).toMatch(/^veilbook: ALPHA 7 is outside [^\n]+\n$/);
    expect(code).toBe(2);
  });

  it('prints its version', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(await veilbook(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});
