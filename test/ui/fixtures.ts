import { expect, galata, test as galataTest, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { APIRequestContext, Locator } from '@playwright/test';
import type { PanelStatus } from '../../src/protocol';

export { expect };
export type Page = IJupyterLabPageFixture;

/**
 * Galata's test, whose requests from outside the browser carry the XSRF cookie and header:
 * the server keeps its check on, as people have it.
 */
export const test = galataTest.extend<{ request: APIRequestContext }>({
  request: async ({ playwright, baseURL }, use) => {
    const visitor = await playwright.request.newContext({ baseURL });
    await visitor.get('/lab');
    const storageState = await visitor.storageState();
    await visitor.dispose();
    const token = storageState.cookies.find(cookie => cookie.name === '_xsrf')?.value;
    if (!token) {
      throw new Error('JupyterLab set no _xsrf cookie.');
    }
    const request = await playwright.request.newContext({ baseURL, storageState, extraHTTPHeaders: { 'X-XSRFToken': token } });
    await use(request);
    await request.dispose();
  }
});

/** JupyterLab's settings in these tests: every cell stays in the page, so that what was scrolled away can be found. */
test.use({
  mockSettings: {
    ...galata.DEFAULT_SETTINGS,
    '@jupyterlab/notebook-extension:tracker': { windowingMode: 'none' }
  }
});

export async function status(request: APIRequestContext): Promise<PanelStatus> {
  const answer = await request.get('/veilbook/status');
  if (!answer.ok()) {
    throw new Error(`GET /veilbook/status answered ${answer.status()}: ${await answer.text()}`);
  }
  return answer.json();
}

/** The process id of the sidecar, which must run. */
export async function sidecarPid(request: APIRequestContext): Promise<number> {
  const now = await status(request);
  if (now.state !== 'running') {
    throw new Error(`The sidecar is ${now.state}.`);
  }
  return now.status.hello.pid;
}

export async function stopSidecar(request: APIRequestContext): Promise<void> {
  await request.post('/veilbook/stop');
}

/** No sidecar, and the defaults of a first start. */
export async function resetSidecar(request: APIRequestContext): Promise<void> {
  await request.post('/veilbook/start');
  await request.put('/veilbook/defaults', { data: { alpha: 0.2, device: 'auto' } });
  await stopSidecar(request);
}

/** Writes a notebook of code cells into the folder of the server. */
export async function putNotebook(request: APIRequestContext, path: string, cells: string[]): Promise<void> {
  const content = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: 'python3', display_name: 'Python 3 (ipykernel)', language: 'python' } },
    cells: cells.map((source, index) => ({
      id: `cell-${index}`,
      cell_type: 'code',
      metadata: {},
      source,
      outputs: [],
      execution_count: null
    }))
  };
  const answer = await request.put(`/api/contents/${path}`, { data: { type: 'notebook', format: 'json', content } });
  if (!answer.ok()) {
    throw new Error(`PUT ${path} answered ${answer.status()}.`);
  }
}

/** Opens a notebook, whichever side panel is shown. */
export async function openNotebook(page: Page, path: string): Promise<void> {
  await page.evaluate(async path => {
    await window.jupyterapp.commands.execute('docmanager:open', { path });
  }, path);
  expect(await page.activity.activateTab(path.split('/').pop() ?? path)).toBe(true);
}

/** Runs the open notebook by the menu's Run All Cells, to its end. */
export async function runAll(page: Page): Promise<void> {
  await expect.poll(() => page.notebook.isAnyActive()).toBe(true);
  expect(await page.notebook.run()).toBe(true);
}

/** The outputs of Veilbook in the open notebook, in their order. */
export function frames(page: Page): Locator {
  return page.getByRole('group', { name: /^Veilbook frame/ });
}

/** The first output of a noisy run, whatever it shows later. */
export async function noisyFrame(page: Page): Promise<Locator> {
  const slider = page.getByRole('slider', { name: 'Threshold of the noisy run' });
  await slider.first().waitFor();
  for (let index = 0; index < (await frames(page).count()); index++) {
    if ((await frames(page).nth(index).locator(slider).count()) > 0) {
      return frames(page).nth(index);
    }
  }
  throw new Error('No output of a noisy run.');
}

/** Opens the side panel. */
export async function openPanel(page: Page): Promise<Locator> {
  const panel = page.getByRole('region', { name: 'Veilbook', exact: true });
  if (!(await panel.isVisible())) {
    await page.getByRole('tab', { name: 'Veilbook' }).click();
  }
  await panel.waitFor();
  return panel;
}

/** Presses Tab until the focus stands on the control; what cannot be reached so is out of reach for many people. */
export async function tabTo(page: Page, control: Locator, most = 60): Promise<void> {
  for (let pressed = 0; pressed < most; pressed++) {
    // A button of JupyterLab's toolbars stands inside a shadow root, which has an active element of its own.
    if (await control.evaluate(node => (node.getRootNode() as Document | ShadowRoot).activeElement === node)) {
      return;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`${control} was not reached by ${most} times Tab.`);
}

export const LOAD = ['%load_ext veilbook', 'import matplotlib.cbook, PIL.Image'].join('\n');
export const PHOTO = "photo = PIL.Image.open(matplotlib.cbook.get_sample_data('grace_hopper.jpg'))";
