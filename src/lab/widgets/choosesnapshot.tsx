import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import { nameOf, sizeOf } from '../snapshotname';
import type { Holding } from '../tokens';

interface ChooseSnapshotProps {
  /** Newest first. */
  holdings: Holding[];
  /** What will happen. */
  lines: string[];
  chosen: string;
  onChoose: (snapshot: string) => void;
  trans: TranslationBundle;
}

/** The snapshots that hold something, as radio buttons: when, what for, and what of it they hold. */
export function ChooseSnapshot({ holdings, lines, chosen, onChoose, trans }: ChooseSnapshotProps): JSX.Element {
  return (
    <>
      {lines.map(line => (
        <p key={line}>{line}</p>
      ))}
      <fieldset className="jp-Veilbook-choices">
        <legend>{trans.__('From the snapshot')}</legend>
        {holdings.map(({ snapshot, held }) => (
          <label key={snapshot.id} className="jp-Veilbook-pick">
            <input
              type="radio"
              name="veilbook-snapshot"
              value={snapshot.id}
              checked={snapshot.id === chosen}
              onChange={() => onChoose(snapshot.id)}
            />
            <span className="jp-Veilbook-pickName">{nameOf(snapshot, trans)}</span>
            <time className="jp-Veilbook-aside" dateTime={snapshot.created} title={Time.format(snapshot.created)}>
              {Time.formatHuman(snapshot.created, 'narrow')}
            </time>
            <span className="jp-Veilbook-pickFacts">{factsOf(held, trans)}</span>
          </label>
        ))}
      </fieldset>
    </>
  );
}

function factsOf(held: Holding['held'], trans: TranslationBundle): string {
  if (held === null) {
    return trans.__('cannot be looked into');
  }
  const [first] = held;
  if (held.length > 1) {
    return trans.__('holds %1 of them', held.length);
  }
  const changed = trans.__('changed %1', Time.format(first.modified));
  return first.bytes === null ? trans.__('a folder') : `${sizeOf(first.bytes, trans)} · ${changed}`;
}
