import fc from 'fast-check';
import { frameBundle } from '../../../test/lab/documents';
import { FRAME_MIME as DECLARED } from '../../protocol';
import { facesAt, FRAME_MIME, lowestThreshold, readBundle } from './bundle';

describe('readBundle', () => {
  it('is for the mime type that the protocol declares', () => {
    expect(FRAME_MIME).toBe(DECLARED);
  });

  it('reads what a cell writes', () => {
    const bundle = frameBundle();
    expect(readBundle(JSON.parse(JSON.stringify(bundle)))).toEqual({ ok: true, bundle });
    expect(readBundle(frameBundle({ reconstruction: null })).ok).toBe(true);
  });

  it('refuses classes that are none', () => {
    const { result, ...rest } = frameBundle();
    for (const classes of [null, [], 'seven', [{ label: 7, score: 1 }], [{ label: 'seven' }]]) {
      expect(readBundle({ ...rest, result: { ...result, classes } })).toMatchObject({ ok: false, problem: 'damaged' });
    }
    expect(readBundle({ ...rest, result: { ...result, classes: [{ label: 'seven', index: 7, score: 1 }] } }).ok).toBe(true);
  });

  it('reads looks where a result has them, and refuses what are none', () => {
    const { result, ...rest } = frameBundle();
    const reading = (looks: unknown) => readBundle({ ...rest, result: { ...result, looks } });
    for (const looks of [undefined, null, { count: 1, alpha_1: 0.8, alpha_k: 0.8 }, { count: 9, alpha_1: null, alpha_k: null }]) {
      expect(reading(looks).ok).toBe(true);
    }
    for (const looks of [
      '3',
      [],
      { count: 3 },
      { count: 0, alpha_1: 0.8, alpha_k: 0.8 },
      { count: 2, alpha_1: '.8', alpha_k: 0 }
    ]) {
      expect(reading(looks)).toMatchObject({ ok: false, problem: 'damaged' });
    }
  });

  it('keeps the caption of a version it does not know', () => {
    expect(readBundle({ schema: 2, caption: '3 faces' })).toEqual({ ok: false, problem: 'version', caption: '3 faces' });
  });

  it('refuses a picture that is not a coded picture', () => {
    const { frame } = frameBundle();
    for (const bad of [{ mime: 'image/svg+xml' }, { base64: 'x" onerror="alert(1)' }, { base64: '' }, { width: 0 }]) {
      expect(readBundle({ ...frameBundle(), frame: { ...frame, ...bad } })).toMatchObject({ ok: false, problem: 'damaged' });
    }
  });

  it('says damaged, and throws nothing, whatever part is missing or of another kind', () => {
    const paths = ['result', 'frame', 'compare', 'reconstruction', 'caption'];
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        const reading = readBundle({ ...frameBundle(), [path]: value });
        expect(reading.ok || reading.problem === 'damaged').toBe(true);
      })
    );
    fc.assert(fc.property(fc.jsonValue(), value => !readBundle(value).ok));
    const { result } = frameBundle();
    for (const left of Object.keys(result)) {
      const rest = Object.fromEntries(Object.entries(result).filter(([key]) => key !== left));
      expect(readBundle({ ...frameBundle(), result: rest }).ok).toBe(false);
    }
  });
});

describe('the threshold', () => {
  const { detections } = frameBundle().result;

  it('leaves the boxes at or above it, the best painted last', () => {
    expect(facesAt(detections, 0.4).map(({ score }) => score)).toEqual([0.4, 0.9]);
    expect(facesAt(detections, 0.95)).toEqual([]);
  });

  it('starts low enough to show every box', () => {
    expect(lowestThreshold(detections, 0.25)).toBe(0.05);
    expect(lowestThreshold([{ ...detections[0], score: 0.018 }], 0.25)).toBe(0.01);
    expect(lowestThreshold([], 0.02)).toBe(0.02);
  });
});
