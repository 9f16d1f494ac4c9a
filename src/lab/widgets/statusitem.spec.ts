import { nullTranslator } from '@jupyterlab/translation';
import { sidecarStatus } from '../../../test/lab/documents';
import { one, show, until } from '../../../test/lab/page';
import { TestServer } from '../../../test/lab/server';
import { StatusItem } from './statusitem';

describe('the status bar item', () => {
  it('says device and ALPHA, or the state in a word, and opens the panel', async () => {
    const server = new TestServer({ state: 'running', status: sidecarStatus() });
    const model = server.model();
    let opened = 0;
    const item = new StatusItem(model, nullTranslator.load('veilbook'), () => opened++);
    show(item);
    await until(() => item.node.textContent === 'Veilbook: cpu · ALPHA 0.2 (uncalibrated)');
    server.push({ type: 'defaults', defaults: { alpha: 0.8, device: 'cuda:1' } });
    await until(() => item.node.textContent === 'Veilbook: cuda:1 · ALPHA 0.8 (uncalibrated)');
    server.answer('GET status', { state: 'stopped' });
    server.push({ type: 'state', state: 'stopped' });
    await until(() => item.node.textContent === 'Veilbook: stopped');
    server.goAway();
    await model.refresh();
    await until(() => item.node.textContent === 'Veilbook: offline');
    one(item.node, 'button').click();
    expect(opened).toBe(1);
    item.dispose();
    model.dispose();
  });
});
