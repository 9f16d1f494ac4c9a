import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { WorkspaceCapabilities } from '../../protocol';
import { CopyLine } from './copyline';

type Actions = WorkspaceCapabilities['actions'];

/** Why it is not allowed; null where it is. */
export function refusal({ allowed, reason }: Actions[keyof Actions], trans: TranslationBundle): string | null {
  return allowed ? null : (reason ?? trans.__('This workspace does not allow it.'));
}

interface NotAllowedProps {
  actions: Actions;
  trans: TranslationBundle;
}

/** What cannot be done here, why, and the way out; a command in it can be copied. Actions of one reason stand together. */
export function NotAllowed({ actions, trans }: NotAllowedProps): JSX.Element | null {
  const reasons = new Map<string, { names: string[]; remedy: string }>();
  for (const [action, { allowed, reason, remedy }] of Object.entries(actions) as [keyof Actions, Actions[keyof Actions]][]) {
    // Why no snapshot can be taken stands at its button, why no workspace can be deleted below their list.
    if (!allowed && action !== 'snapshot' && action !== 'delete_workspace') {
      const text = refusal({ allowed, reason, remedy }, trans)!;
      const known = reasons.get(text) ?? { names: [], remedy: remedy ?? '' };
      reasons.set(text, { ...known, names: [...known.names, nameOf(action, trans)] });
    }
  }
  if (reasons.size === 0) {
    return null;
  }
  return (
    <section aria-label={trans.__('Not possible here')}>
      <ul className="jp-Veilbook-notices">
        {[...reasons].map(([reason, { names, remedy }]) => (
          <li key={reason} className="jp-Veilbook-notice">
            <b>{names.join(', ')}</b>: {reason} <Remedy text={remedy} trans={trans} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What stands between backticks, and the command that prints what a cluster has to allow. */
const COMMANDS = /`([^`]+)`|(veilbook rbac(?: --jobs)?(?: --namespace [\w.-]+)?(?: --removal)?)/;

/** A remedy in words. Commands in it can be copied, and so can one that is a command as a whole. */
export function Remedy({ text, trans }: { text: string; trans: TranslationBundle }): JSX.Element {
  const isCommand = /^veilbook \S.*[^.]$/.test(text);
  // Words, then what was between backticks or the other command, of which one is undefined; and so on.
  const parts = isCommand ? ['', text, undefined] : text.split(COMMANDS);
  return (
    <>
      {parts.map((part, index) =>
        part === undefined || index % 3 === 0 ? part : <CopyLine key={`${index} ${part}`} text={part} trans={trans} />
      )}
    </>
  );
}

function nameOf(action: Exclude<keyof Actions, 'delete_workspace'>, trans: TranslationBundle): string {
  switch (action) {
    case 'snapshot':
      return trans.__('Snapshot');
    case 'restore':
      return trans.__('Restore');
    case 'restore_files':
      return trans.__('Restore files');
    case 'undo':
      return trans.__('Undo');
    case 'clone':
      return trans.__('Clone');
    case 'delete_snapshot':
      return trans.__('Delete snapshots');
  }
}
