import { PathExt, Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { caretRightIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useState } from 'react';
import type { HeldEntry, Snapshot, SnapshotFolder } from '../../protocol';
import { sizeOf } from '../snapshotname';

export type ListFolder = (path: string) => Promise<SnapshotFolder>;

interface ChooseFilesProps {
  snapshot: Snapshot;
  list: ListFolder;
  /** Paths, of files and of whole folders. */
  chosen: string[];
  onChoose: (paths: string[]) => void;
  trans: TranslationBundle;
}

/** A snapshot's folders, to go through and pick from. What was picked stays picked in another folder. */
export function ChooseFiles({ snapshot, list, chosen, onChoose, trans }: ChooseFilesProps): JSX.Element {
  const [path, setPath] = useState('');
  const [folder, setFolder] = useState<SnapshotFolder | null>(null);
  const [failure, setFailure] = useState('');
  useEffect(() => {
    let wanted = true;
    setFolder(null);
    setFailure('');
    list(path).then(
      found => wanted && setFolder(found),
      error => wanted && setFailure(error instanceof Error ? error.message : String(error))
    );
    return () => {
      wanted = false;
    };
  }, [path]);
  const toggle = (entry: string) =>
    onChoose(chosen.includes(entry) ? chosen.filter(other => other !== entry) : [...chosen, entry]);
  return (
    <>
      <p>
        {trans.__('They become what they were at %1; what came into a folder since stays.', Time.format(snapshot.created))}{' '}
        {trans.__('A safety snapshot of them is taken first, so that you can undo this.')}
      </p>
      <Steps path={path} onGo={setPath} trans={trans} />
      <ul className="jp-Veilbook-files" aria-label={trans.__('Files of the snapshot')} aria-busy={folder === null}>
        {folder?.entries.map(entry => (
          <li key={entry.path} className="jp-Veilbook-file">
            <label>
              <input type="checkbox" checked={chosen.includes(entry.path)} onChange={() => toggle(entry.path)} />
              <span className="jp-Veilbook-fileName">{PathExt.basename(entry.path)}</span>
            </label>
            <Facts entry={entry} onOpen={() => setPath(entry.path)} trans={trans} />
          </li>
        ))}
      </ul>
      {folder?.total === 0 && <p className="jp-Veilbook-hint">{trans.__('This folder is empty.')}</p>}
      {folder && folder.total > folder.entries.length && (
        <p className="jp-Veilbook-hint">{trans.__('The first %1 of %2.', folder.entries.length, folder.total)}</p>
      )}
      {failure && <p role="alert">{failure}</p>}
      <p role="status" className="jp-Veilbook-aside">
        {chosen.length === 0 ? trans.__('Nothing is chosen.') : trans.__('Chosen: %1', chosen.join(', '))}
      </p>
    </>
  );
}

/** The way from the workspace to the folder that is shown. */
function Steps({ path, onGo, trans }: { path: string; onGo: (path: string) => void; trans: TranslationBundle }): JSX.Element {
  const steps = path === '' ? [] : path.split('/');
  return (
    <nav className="jp-Veilbook-steps" aria-label={trans.__('Folder')}>
      {['', ...steps].map((step, depth) => (
        <button
          key={depth}
          type="button"
          className="jp-Veilbook-link"
          aria-current={depth === steps.length ? 'page' : undefined}
          onClick={() => onGo(steps.slice(0, depth).join('/'))}
        >
          {depth === 0 ? trans.__('Workspace') : step}
        </button>
      ))}
    </nav>
  );
}

function Facts({ entry, onOpen, trans }: { entry: HeldEntry; onOpen: () => void; trans: TranslationBundle }): JSX.Element {
  if (entry.kind !== 'folder') {
    const size = entry.kind === 'link' ? trans.__('link') : sizeOf(entry.bytes ?? 0, trans);
    return <span className="jp-Veilbook-aside">{size}</span>;
  }
  const label = trans.__('Open the folder %1', PathExt.basename(entry.path));
  return (
    <button type="button" className="jp-Veilbook-icon" title={label} aria-label={label} onClick={onOpen}>
      <caretRightIcon.react tag="span" width="16px" height="16px" />
    </button>
  );
}
