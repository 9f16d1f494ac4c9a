import { defineConfig } from '@playwright/test';
import { resolve } from 'node:path';

const root = resolve(__dirname, '..', '..');
const port = Number(process.env.VEILBOOK_UI_PORT ?? 18899);
const output = resolve(root, 'test-results');

/** One JupyterLab, one browser, one test at a time: they share a sidecar, as the notebooks of a person do. */
export default defineConfig({
  testDir: __dirname,
  outputDir: resolve(output, 'ui'),
  workers: 1,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  reportSlowTests: null,
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    viewport: { width: 1280, height: 900 },
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.VEILBOOK_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-dev-shm-usage',
        '--disable-gpu',
        '--disable-lcd-text',
        '--disable-background-networking',
        '--disable-component-update'
      ]
    }
  },
  webServer: {
    command: `node ${resolve(__dirname, 'serve.mjs')} ${port}`,
    url: `http://127.0.0.1:${port}/api`,
    timeout: 120_000,
    reuseExistingServer: false,
    stdout: 'ignore',
    stderr: process.env.VEILBOOK_UI_LOG ? 'pipe' : 'ignore',
    gracefulShutdown: { signal: 'SIGTERM', timeout: 15_000 }
  }
});
