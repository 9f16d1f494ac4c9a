import { nullTranslator } from '@jupyterlab/translation';
import { one, show } from '../../../test/lab/page';
import { LogView } from './log';

describe('the log view', () => {
  let answer: () => Promise<string[]>;
  let view: LogView;

  beforeEach(() => {
    view = new LogView(() => answer(), nullTranslator.load('veilbook'));
    show(view);
  });

  afterEach(() => view.dispose());

  it('shows the lines, with warnings and errors marked', async () => {
    answer = async () => ['2026-11-21 09:30:00 info listening', '2026-11-21 09:31:00 error worker died', 'native crash report'];
    await view.refresh();
    const lines = [...one(view.node, '[role="log"]').children] as HTMLElement[];
    expect(lines.map(line => [line.textContent, line.dataset.level])).toEqual([
      ['2026-11-21 09:30:00 info listening', undefined],
      ['2026-11-21 09:31:00 error worker died', 'error'],
      ['native crash report', undefined]
    ]);
  });

  it('keeps the last lines when they cannot be read again, and says why', async () => {
    answer = async () => ['one'];
    await view.refresh();
    answer = () => Promise.reject(new Error('The Jupyter server does not answer.'));
    await view.refresh();
    expect(one(view.node, '[role="alert"]').textContent).toBe('The Jupyter server does not answer.');
    expect(one(view.node, '[role="log"]').textContent).toBe('one');
  });

  it('says so when the log is empty', async () => {
    answer = async () => [];
    await view.refresh();
    expect(view.node.textContent).toBe('The log is empty.');
  });
});
