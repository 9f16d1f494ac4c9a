import { TextItem } from '@jupyterlab/statusbar';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { ISidecarModel } from '../tokens';
import { WatchingWidget } from './watching';

/** One line in the status bar; a click opens the panel. */
export class StatusItem extends WatchingWidget {
  constructor(
    model: ISidecarModel,
    private readonly _trans: TranslationBundle,
    private readonly _open: () => void
  ) {
    super(model, 'seldom');
    this.addClass('jp-mod-highlighted');
  }

  protected override render(): JSX.Element {
    const trans = this._trans;
    return (
      <button type="button" className="jp-Veilbook-statusItem" onClick={this._open} title={trans.__('Open the Veilbook panel')}>
        <TextItem source={trans.__('Veilbook: %1', summary(this.model, trans))} />
      </button>
    );
  }
}

/** `cpu · ALPHA 0.2 (uncalibrated)`, or the state in a word. */
export function summary({ current, outage, operation }: ISidecarModel, trans: TranslationBundle): string {
  if (outage) {
    return outage.kind === 'forbidden' ? trans.__('not allowed') : trans.__('offline');
  }
  if (operation) {
    return operation === 'stop' ? trans.__('stopping…') : trans.__('starting…');
  }
  switch (current.state) {
    case 'running': {
      const { defaults, active_device: active, model } = current.status;
      const device = defaults.device === 'auto' ? active : defaults.device;
      if (!model.artefact) {
        return device;
      }
      return model.artefact.calibrated
        ? trans.__('%1 · ALPHA %2', device, defaults.alpha)
        : trans.__('%1 · ALPHA %2 (uncalibrated)', device, defaults.alpha);
    }
    case 'stopped':
      return trans.__('stopped');
    case 'failed':
      return trans.__('failed');
    default:
      return '…';
  }
}
