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
        label: trans.__('The line is written into the active cell of %%veil noisy.'),
        items: [...urls],
        okLabel: trans.__('Use as tail'),
        cancelLabel: trans.__('Cancel')
      });
      return value;
    },
    add: async () => {
      const { value } = await InputDialog.getText({
        title: trans.__('Add a model server'),
        label: trans.__(
          'One model of one server, as a cell names it. It is kept in the settings; tokens and certificates belong into servers.json.'
        ),
        placeholder: 'triton://host:8000/face_detection_noisy',
        pattern: TAIL_PATTERN,
        required: true,
        okLabel: trans.__('Add'),
        cancelLabel: trans.__('Cancel')
      });
      return value;
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
