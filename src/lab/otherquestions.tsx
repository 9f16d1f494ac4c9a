import { Dialog, InputDialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { OtherQuestions } from './otherworkspaces';
import { CopyLine } from './widgets/copyline';

/** The questions about other workspaces as dialogs. */
export function otherQuestions(clone: OtherQuestions['clone'], trans: TranslationBundle): OtherQuestions {
  return {
    clone,
    open: async ({ name, location }) => {
      const body = ReactWidget.create(
        <>
          <p>{trans.__('It lies in %1. A Jupyter server of its own opens it:', location)}</p>
          <CopyLine text={`jupyter lab ${quoted(location)}`} trans={trans} />
        </>
      );
      body.addClass('jp-Veilbook-dialog');
      await showDialog({ title: name, body, buttons: [Dialog.okButton({ label: trans.__('Close') })] });
    },
    remove: async ({ name, location, state, snapshots }) => {
      const gone = state === 'missing';
      const count = trans._n('%1 snapshot', '%1 snapshots', snapshots);
      const { value, button, isChecked } = await InputDialog.getText({
        title: trans.__('Delete %1?', name),
        label: gone
          ? trans.__('The folder %1 is gone already. Its %2 cannot be brought back. Type its name, %3:', location, count, name)
          : trans.__('The folder %1 with everything in it cannot be brought back. Type its name, %2:', location, name),
        placeholder: name,
        pattern: literal(name),
        required: true,
        checkbox: gone || snapshots === 0 ? null : { label: trans.__('Delete its %1 too', count), checked: false },
        okLabel: trans.__('Delete'),
        cancelLabel: trans.__('Cancel')
      });
      return button.accept && value === name ? { confirm: value, snapshots: gone || isChecked === true } : null;
    }
  };
}

/** As a POSIX shell takes it. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
