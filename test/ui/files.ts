import type { APIRequestContext } from '@playwright/test';
import type { PanelWorkspace, WorkspaceOperation } from '../../src/protocol';
import { expect } from './fixtures';

/** Writes a text file below the server's root. */
export async function writeFile(request: APIRequestContext, path: string, content: string): Promise<void> {
  const answer = await request.put(`/api/contents/${path}`, { data: { type: 'file', format: 'text', content } });
  expect(answer.ok()).toBe(true);
}

/** Its text; null where there is no such file. */
export async function readFile(request: APIRequestContext, path: string): Promise<string | null> {
  const answer = await request.get(`/api/contents/${path}?content=1`);
  return answer.ok() ? (await answer.json()).content : null;
}

/** Takes a snapshot without JupyterLab, and waits for its end. Starts the sidecar. */
export async function takeSnapshot(request: APIRequestContext, label: string): Promise<void> {
  const answer = await request.post('/veilbook/workspace/snapshots', { data: { label } });
  expect(answer.ok()).toBe(true);
  const { record }: WorkspaceOperation = await answer.json();
  await expect
    .poll(async () => {
      const { operation }: PanelWorkspace = await (await request.get('/veilbook/workspace')).json();
      return operation?.record.id === record.id && operation.record.state;
    })
    .toBe('done');
}
