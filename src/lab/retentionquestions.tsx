import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { RetentionQuestions } from './retention';
import { RetentionList } from './widgets/retentionreport';

/** The questions about old snapshots as dialogs. */
export function retentionQuestions(trans: TranslationBundle): RetentionQuestions {
  return {
    cleanUp: async (report, snapshots) => {
      const body = ReactWidget.create(<RetentionList report={report} snapshots={snapshots} trans={trans} />);
      body.addClass('jp-Veilbook-dialog');
      // Nothing in it takes the focus, and a long list must scroll by keyboard too.
      body.node.tabIndex = 0;
      const count = report.removed.length;
      if (count === 0) {
        await showDialog({ title: trans.__('Nothing is to be removed'), body, buttons: [Dialog.okButton()] });
        return false;
      }
      const label = trans._n('Remove %1 snapshot', 'Remove %1 snapshots', count);
      const buttons = [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.warnButton({ label })];
      const { button } = await showDialog({ title: trans.__('Clean up old snapshots?'), body, buttons, defaultButton: 0 });
      return button.accept;
    },
    noRule: async () => {
      const { button } = await showDialog({
        title: trans.__('No rule is set'),
        body: trans.__(
          'Say in the settings of Veilbook which snapshots are kept: the last ones, those of the last days, or one of each day. ' +
            'The last ready one, pinned ones and the one that undo needs always stay.'
        ),
        buttons: [Dialog.cancelButton({ label: trans.__('Close') }), Dialog.okButton({ label: trans.__('Open settings') })]
      });
      return button.accept;
    }
  };
}
