import type { ISettingRegistry } from '@jupyterlab/settingregistry';

/** `veilbook:plugin` in the settings editor; schema/plugin.json holds the same defaults. */
export const SETTINGS_ID = 'veilbook:plugin';

export interface VeilbookSettings {
  /** Show the item in the status bar. */
  statusBar: boolean;
  /** Seconds between two questions while the panel can be seen. */
  pollInterval: number;
  /** How many of the last lines of the log are shown. */
  logLines: number;
  /** As many of the newest snapshots stay; 0: no such rule. */
  retentionKeepLast: number;
  /** Snapshots younger than so many days stay; 0: no such rule. */
  retentionMaxAgeDays: number;
  /** The newest of each of so many days stays; 0: no such rule. */
  retentionKeepDaily: number;
  /** Remove by these rules after each snapshot that is taken from JupyterLab, without a question. */
  retentionAutomatic: boolean;
  /** Model servers that a person added to the panel, as a cell names them. */
  servers: string[];
}

export const DEFAULTS: VeilbookSettings = {
  statusBar: true,
  pollInterval: 10,
  logLines: 200,
  retentionKeepLast: 0,
  retentionMaxAgeDays: 0,
  retentionKeepDaily: 0,
  retentionAutomatic: false,
  servers: []
};

/** Call `apply` with the settings as they are, and again whenever they change; with the defaults where no registry is. */
export async function followSettings(
  registry: ISettingRegistry | null,
  apply: (settings: VeilbookSettings) => void
): Promise<void> {
  const settings = await registry?.load(SETTINGS_ID).catch(() => null);
  if (!settings) {
    apply(DEFAULTS);
    return;
  }
  const read = () => apply({ ...DEFAULTS, ...settings.composite } as VeilbookSettings);
  settings.changed.connect(read);
  read();
}
