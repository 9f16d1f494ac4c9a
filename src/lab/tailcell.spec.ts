import { activeCell, isTailUrl, withTail } from './tailcell';

const URL = 'triton://inference.example:8000/face_detection_noisy';

describe('a tail in a cell', () => {
  it('is a line after the last one', () => {
    expect(withTail('%%veil noisy -i photo', URL)).toBe(`%%veil noisy -i photo\ntail: ${URL}`);
    expect(withTail('%%veil noisy\nnoise: 0.8\n\n', URL)).toBe(`%%veil noisy\nnoise: 0.8\ntail: ${URL}`);
  });

  it('stands where another one stood, with what was said about it', () => {
    expect(withTail('%%veil noisy\ntail: local  # here\nnoise: 0.8', URL)).toBe(`%%veil noisy\ntail: ${URL}  # here\nnoise: 0.8`);
    expect(withTail('%%veil noisy\n tail:\nnoise: 0.8', URL)).toBe(`%%veil noisy\n tail: ${URL}\nnoise: 0.8`);
    expect(withTail('%%veil noisy --tail triton://a/b -i photo', URL)).toBe(`%%veil noisy --tail ${URL} -i photo`);
    expect(withTail('%%veil noisy\n# tail: local', URL)).toBe(`%%veil noisy\n# tail: local\ntail: ${URL}`);
  });

  it('has no place in any other cell: nothing else is to begin to send', () => {
    for (const source of [
      '',
      'import numpy',
      '%%veil clean -i photo',
      '%veil noisy photo.jpg',
      '# %%veil noisy',
      '%%veil noisyish'
    ]) {
      expect(withTail(source, URL)).toBeNull();
    }
  });

  it('is an address without a password', () => {
    expect([URL, 'tritons+grpc://[::1]:8001/m/3', 'triton://host/m'].map(isTailUrl)).toEqual([true, true, true]);
    const wrong = [
      'http://host/m',
      'triton://host',
      'triton://user:pass@host/m',
      `${URL}?a`,
      `${URL}\nnoise: 0`,
      'triton://h/m#x'
    ];
    expect(wrong.filter(isTailUrl)).toEqual([]);
  });
});

describe('the active cell', () => {
  const shell = (cell: object | null, model: object | null = { readOnly: false }) =>
    ({ currentWidget: { title: { label: 'a.ipynb' }, content: { activeCell: cell, model } } }) as never;
  const cellOf = (source: string, type = 'code', metadata: Record<string, unknown> = {}) => {
    const written: unknown[] = [];
    const sharedModel = { getSource: () => source, updateSource: (...all: unknown[]) => void written.push(all) };
    return { written, model: { type, sharedModel, getMetadata: (key: string) => metadata[key] } };
  };

  it('is read and edited as a whole', () => {
    const cell = cellOf('%%veil noisy');
    const found = activeCell(shell(cell))!;
    expect([found.source, found.notebook, found.readOnly]).toEqual(['%%veil noisy', 'a.ipynb', false]);
    found.replace('new');
    expect(cell.written).toEqual([[0, 12, 'new']]);
  });

  it('is none in front of anything but a notebook, and not to be edited where it says so', () => {
    expect(activeCell({ currentWidget: null } as never)).toBeNull();
    expect(activeCell(shell(null))).toBeNull();
    expect(activeCell(shell(cellOf('text', 'markdown')))).toBeNull();
    expect(activeCell(shell(cellOf('', 'code', { editable: false })))?.readOnly).toBe(true);
    expect(activeCell(shell(cellOf(''), { readOnly: true }))?.readOnly).toBe(true);
  });
});
