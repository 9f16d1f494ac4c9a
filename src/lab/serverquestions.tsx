import { Dialog, InputDialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { ServerQuestions } from './servercommands';
import { TAIL_PATTERN } from './tailcell';
import { CopyLine } from './widgets/copyline';

/** The questions about model servers as dialogs. */
export function serverQuestions(trans: TranslationBundle): ServerQuestions {
  return {
    choose: async urls => {
      const { value } = await InputDialog.getItem({
        title: trans.__('Use as tail'),
        label: trans.__('The line is written into the active cell of %1.', '%%veil noisy'),
        items: [...urls],
        okLabel: trans.__('Use as tail'),
        cancelLabel: trans.__('Cancel')
      });
      return value;
    },
    add: async () => {
      const { button, value } = await showDialog<string>({
        title: trans.__('Add a model server'),
        body: new AddressBody(trans),
        focusNodeSelector: 'input',
        buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.okButton({ label: trans.__('Add') })]
      });
      return button.accept ? value : null;
    },
    copy: async (line, why) => {
      const body = ReactWidget.create(
        <>
          <p>{why}</p>
          <p>
            {trans.__('Put this line into a cell that does, or click into one and try again:')}{' '}
            <CopyLine text={line} trans={trans} />
          </p>
        </>
      );
      body.addClass('jp-Veilbook-dialog');
      await showDialog({ title: trans.__('Use as tail'), body, buttons: [Dialog.okButton({ label: trans.__('Close') })] });
    }
  };
}

/** One address, as the body of a dialog that lets no other text be submitted. */
class AddressBody extends ReactWidget implements Dialog.IBodyWidget<string> {
  private _url = '';

  constructor(private readonly _trans: TranslationBundle) {
    super();
    this.addClass('jp-Veilbook-dialog');
  }

  getValue(): string {
    return this._url;
  }

  protected override render(): JSX.Element {
    const trans = this._trans;
    return (
      <div className="jp-Veilbook-serverForm">
        <label htmlFor="jp-Veilbook-address">{trans.__('One model of one server, as a cell names it')}</label>
        <input
          id="jp-Veilbook-address"
          className="jp-Veilbook-text"
          type="text"
          required
          maxLength={512}
          pattern={TAIL_PATTERN}
          placeholder="triton://host:8000/face_detection_noisy"
          aria-describedby="jp-Veilbook-addressHint"
          onChange={event => {
            this._url = event.target.value;
          }}
        />
        <span id="jp-Veilbook-addressHint" className="jp-Veilbook-hint">
          {trans.__(
            'It is kept in your settings. Tokens and certificates belong into servers.json. Nothing is sent because of it.'
          )}
        </span>
      </div>
    );
  }
}
