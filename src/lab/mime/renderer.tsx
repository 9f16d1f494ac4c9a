import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import React from 'react';
import { FRAME_MIME, readBundle, type BundleReading } from './bundle';
import { FrameView } from './frameview';

/** Draws one frame bundle. Everything it shows comes from the bundle: no kernel, server or network. */
export class FrameRenderer extends ReactWidget implements IRenderMime.IRenderer {
  constructor(options: IRenderMime.IRendererOptions) {
    super();
    this.addClass('jp-Veilbook-output');
    this._mimeType = options.mimeType;
    this._trans = (options.translator ?? nullTranslator).load('veilbook');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._reading = readBundle(model.data[this._mimeType] ?? model.data[FRAME_MIME]);
    // At once, so that the promise is kept when the frame stands in the page.
    MessageLoop.sendMessage(this, Widget.Msg.UpdateRequest);
    await this.renderPromise;
  }

  protected override render(): JSX.Element | null {
    if (!this._reading) {
      return null;
    }
    if (!this._reading.ok) {
      return <Unreadable reading={this._reading} trans={this._trans} />;
    }
    const { bundle } = this._reading;
    // A new run starts from its own threshold; drawing the same run again keeps what was chosen.
    return <FrameView key={bundle.result.run} bundle={bundle} trans={this._trans} />;
  }

  private readonly _mimeType: string;
  private readonly _trans: TranslationBundle;
  private _reading: BundleReading | null = null;
}

function Unreadable(props: { reading: BundleReading & { ok: false }; trans: TranslationBundle }): JSX.Element {
  const { reading, trans } = props;
  return (
    <div className="jp-Veilbook-frame">
      <p className="jp-Veilbook-notice" role="note">
        {reading.problem === 'version'
          ? trans.__('This output was written by a newer Veilbook. Update the extension to see the frame.')
          : trans.__('This output is damaged and cannot be drawn. Run the cell again.')}
      </p>
      {reading.caption && <p className="jp-Veilbook-caption">{reading.caption}</p>}
    </div>
  );
}
