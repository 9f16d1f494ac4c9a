import { nullTranslator } from '@jupyterlab/translation';
import { measuredStrengths } from '../../../test/lab/documents';
import { strengthLines } from './strength';

const trans = nullTranslator.load('veilbook');
const lines = (alpha: number, strengths = measuredStrengths()) => strengthLines(strengths, alpha, trans);

describe('what was measured at an ALPHA', () => {
  it('is said as it is where it was learned', () => {
    expect(lines(0.2)).toEqual(['Measured: ALPHA 0.23 · 99% agreement', 'After 16 looks at one source: 0.07']);
  });

  it('is interpolated between two, and called so', () => {
    expect(lines(0.5)).toEqual(['Measured: ALPHA about 0.54 · 80% agreement', 'After 16 looks at one source: about 0.27']);
  });

  it('names what an audit certified, where it certified all of it', () => {
    const [weak, strong] = measuredStrengths();
    expect(lines(0.2, [{ ...weak, certified: 0.21 }, strong])[0]).toBe('Measured: ALPHA 0.23, certified 0.21 · 99% agreement');
    expect(lines(0.5, [{ ...weak, certified: 0.21 }, strong])[0]).not.toContain('certified');
  });

  it('leaves looks out where they were not measured, and everything outside', () => {
    const [weak, strong] = measuredStrengths();
    expect(lines(0.2, [{ ...weak, looks: [] }, strong])).toHaveLength(1);
    const fewer = [{ ...weak, looks: weak.looks.slice(0, 2) }, strong];
    expect(lines(0.5, fewer)[1]).toBe('After 4 looks at one source: about 0.45');
    expect(lines(0.1)).toEqual([]);
    expect(lines(0.9)).toEqual([]);
    expect(lines(0.2, [])).toEqual([]);
  });
});
