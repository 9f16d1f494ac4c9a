import { VeilError } from '../protocol';
import { requireNode } from './node-version';

describe('the version of Node', () => {
  it.each(['22.19.0', '22.23.3', '24.0.0'])('%s is taken', version => {
    expect(() => requireNode(version)).not.toThrow();
  });

  it.each(['18.20.4', '20.20.2', '22.18.0'])('%s is refused in one line with a remedy', version => {
    expect(() => requireNode(version)).toThrow(VeilError);
    expect(() => requireNode(version)).toThrow(`Node ${version} is too old`);
  });
});
