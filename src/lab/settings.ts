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
}

const DEFAULTS: VeilbookSettings = { statusBar: true, pollInterval: 10, logLines: 200 };

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
