import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { jobsPlugin } from './lab/plugins/jobs';
import { learnPlugin } from './lab/plugins/learn';
import { logPlugin } from './lab/plugins/log';
import { panelPlugin } from './lab/plugins/panel';
import { runningPlugin } from './lab/plugins/running';
import { serversPlugin } from './lab/plugins/servers';
import { sidecarPlugin } from './lab/plugins/sidecar';
import { statusPlugin } from './lab/plugins/status';
import { workspacePlugin } from './lab/plugins/workspace';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  sidecarPlugin,
  workspacePlugin,
  jobsPlugin,
  serversPlugin,
  panelPlugin,
  learnPlugin,
  statusPlugin,
  logPlugin,
  runningPlugin
];

export default plugins;
