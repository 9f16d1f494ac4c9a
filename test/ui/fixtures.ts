import { test as galataTest } from '@jupyterlab/galata';
import type { APIRequestContext } from '@playwright/test';

export { expect } from '@jupyterlab/galata';

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
