import { Dialog, InputDialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { Snapshot } from '../protocol';
import type { FileQuestions } from './restorefiles';
import { nameOf } from './snapshotname';
import type { Holding } from './tokens';
import { ChooseSnapshot } from './widgets/choosesnapshot';
import { ChooseFiles, type ListFolder } from './widgets/choosefiles';

/** The questions about single files as dialogs. */
export function fileQuestions(trans: TranslationBundle): FileQuestions {
  return {
    from: (paths, holdings, unsaved) => {
      const one = paths.length === 1;
      const lines = [
        whatOf(paths, holdings, trans),
        trans.__('A safety snapshot of it is taken first, so that you can undo this.')
      ];
      if (unsaved > 0) {
        lines.push(trans._n('%1 unsaved document is saved first.', '%1 unsaved documents are saved first.', unsaved));
      }
      const title = one ? trans.__('Restore %1', PathExt.basename(paths[0])) : trans.__('Restore %1 paths', paths.length);
      return askForSnapshot(holdings, lines, title, trans.__('Restore'), trans);
    },
    which: async (snapshot, list) => {
      const title = trans.__('Restore files of “%1”', nameOf(snapshot, trans));
      return snapshot.tree === null ? askForPath(title, trans) : askForFiles(snapshot, title, list, trans);
    }
  };
}

function whatOf(paths: string[], holdings: Holding[], trans: TranslationBundle): string {
  if (paths.length > 1) {
    return trans.__('%1 files and folders become what they were then; what came into a folder since stays.', paths.length);
  }
  return holdings.every(({ held }) => held?.[0].kind === 'file')
    ? trans.__('%1 becomes what it was then.', paths[0])
    : trans.__('%1 becomes what it was then; what came into a folder since stays.', paths[0]);
}

/** @returns the id of a snapshot; null when the dialog was called off */
export async function askForSnapshot(
  holdings: Holding[],
  lines: string[],
  title: string,
  okLabel: string,
  trans: TranslationBundle
): Promise<string | null> {
  const body = new Answer(holdings[0].snapshot.id, (chosen, choose) => (
    <ChooseSnapshot holdings={holdings} lines={lines} chosen={chosen} onChoose={choose} trans={trans} />
  ));
  return asked(title, body, okLabel, 'input', trans);
}

function askForFiles(snapshot: Snapshot, title: string, list: ListFolder, trans: TranslationBundle): Promise<string[] | null> {
  const body = new Answer<string[]>([], (chosen, choose) => (
    <ChooseFiles snapshot={snapshot} list={list} chosen={chosen} onChoose={choose} trans={trans} />
  ));
  return asked(title, body, trans.__('Restore'), 'button, input', trans);
}

async function askForPath(title: string, trans: TranslationBundle): Promise<string[] | null> {
  const label = trans.__('File or folder, as a path in the workspace. A safety snapshot of it is taken first.');
  const okLabel = trans.__('Restore');
  const { value } = await InputDialog.getText({ title, label, placeholder: 'data/labels.csv', okLabel, required: true });
  return value?.trim() ? [value.trim()] : null;
}

async function asked<T>(
  title: string,
  body: Answer<T>,
  okLabel: string,
  focus: string,
  trans: TranslationBundle
): Promise<T | null> {
  const { button, value } = await showDialog<T>({
    title,
    body,
    focusNodeSelector: focus,
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.okButton({ label: okLabel })]
  });
  return button.accept ? value : null;
}

/** The body of a dialog whose answer is what was chosen last. */
class Answer<T> extends ReactWidget implements Dialog.IBodyWidget<T> {
  constructor(
    private _chosen: T,
    private readonly _draw: (chosen: T, choose: (chosen: T) => void) => JSX.Element
  ) {
    super();
    this.addClass('jp-Veilbook-dialog');
  }

  getValue(): T {
    return this._chosen;
  }

  protected override render(): JSX.Element {
    return this._draw(this._chosen, chosen => {
      this._chosen = chosen;
      this.update();
    });
  }
}
