import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { panelPlugin } from './lab/plugins/panel';

const plugins: JupyterFrontEndPlugin<unknown>[] = [panelPlugin];

export default plugins;
