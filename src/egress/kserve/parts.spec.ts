import { createHash } from 'node:crypto';
import { Parts } from './parts';

describe('a body in parts', () => {
  const text = 'abcdefghij';
  const body = new Parts();
  ['ab', '', 'cdefg', 'hij'].forEach(part => body.add(Buffer.from(part)));

  it('gives any range of it, in memory of its own', () => {
    for (let begin = 0; begin <= text.length; begin++) {
      for (let end = begin; end <= text.length; end++) {
        const range = body.range(begin, end);
        expect(Buffer.from(range).toString()).toBe(text.slice(begin, end));
        expect(range.buffer.byteLength).toBe(end - begin);
      }
    }
    expect(body.range(8, 99)).toHaveLength(2);
    expect(body.range(50, 99)).toHaveLength(0);
  });

  it('is text, and has the hash of the whole', () => {
    expect(body.text()).toBe(text);
    expect(body.text(2, 4)).toBe('cd');
    expect(body.sha256()).toBe(createHash('sha256').update(text).digest('hex'));
  });
});
