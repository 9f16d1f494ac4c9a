import { Type, type Static } from '@sinclair/typebox';
import { ErrorBody } from './errors';
import { LearnJobRequest, SidecarEvent, SidecarStatus } from './sidecar';
import { SnapshotList, WorkspaceView } from './workspace';

/**
 * The REST interface that the server extension offers the browser, under `<base url>veilbook/`:
 *
 * | route                    | in         | out            |
 * |--------------------------|------------|----------------|
 * | `GET status`             |            | `PanelStatus`; never starts a process |
 * | `POST start`             |            | `PanelStatus`; waits until it runs or has failed |
 * | `POST restart`           |            | `PanelStatus`  |
 * | `POST stop`              |            | `PanelStatus`  |
 * | `PUT defaults`           | `Defaults` | `Defaults`     |
 * | `POST learn`             | `PanelLearnRequest` | `LearnJob`; started, or joined when the same one runs |
 * | `DELETE learn`           |            | `LearnJob`; it stops, and goes on when it is asked for again |
 * | `GET log?lines=N`        |            | `LogTail`; what the file holds, also when nothing runs |
 * | `GET workspace`          |            | `PanelWorkspace`; 503 while no sidecar runs |
 * | `POST workspace/snapshots` | `SnapshotRequest` | `WorkspaceOperation`, begun; so do those below, and start a sidecar |
 * | `DELETE workspace/snapshots/ID` |     | `WorkspaceOperation` |
 * | `PUT workspace/snapshots/ID/pin` | `PinRequest` | `Snapshot` |
 * | `POST workspace/restore` | `RestoreRequest` | `WorkspaceOperation` |
 * | `POST workspace/restore-files` | `RestoreFilesRequest` | `WorkspaceOperation` |
 * | `POST workspace/undo`    |            | `WorkspaceOperation` |
 * | `POST workspace/clone`   | `CloneRequest`, `to` a name | `WorkspaceOperation` |
 * | `POST workspace/retain`  | `RetainRequest` | `WorkspaceOperation` |
 * | `DELETE workspace/operations/ID` |    | `WorkspaceOperation`; it stops |
 * | `POST workspace/holding` | `HoldingRequest` | `HoldingList` |
 * | `GET workspace/snapshots/ID/files?path=` | | `SnapshotFolder`; a path in the workspace, '' for all of it |
 * | `GET workspace/others`   |            | `WorkspaceList`, without this one |
 * | `POST workspace/others/clone` | `CloneOtherRequest`, `to` a name | `WorkspaceOperation` |
 * | `POST workspace/others/delete` | `DeleteWorkspaceRequest`, `force` never | `WorkspaceOperation` |
 * | `GET jobs`               |            | `BatchList`; 503 while no sidecar runs, and `cluster_unavailable` without a cluster |
 * | `POST jobs`              | `BatchRequest` | `BatchSubmitted`; starts a sidecar |
 * | `GET jobs/NAME`          |            | `BatchView`    |
 * | `DELETE jobs/NAME`       |            | `BatchRemoved`; with its pods and their logs |
 * | `GET jobs/NAME/logs?shard=` |         | `BatchLog`; all shards unless one is named |
 * | `GET servers`            |            | `TailList`; 503 while no sidecar runs, as those below |
 * | `GET servers/inspect?url=` |          | `InspectedTail`; a server that is away is a state |
 * | `GET ledger?limit=&before=&verify=` | | `LedgerPage`; the verdict where `verify=true` |
 * | `GET ledger/receipt?entry=` |         | `Receipt`      |
 *
 * The workspace is the root directory of the Jupyter server; a clone comes to lie beside it.
 * Every other outcome is `ErrorBody` with the status of its code. The sidecar's token never crosses this interface.
 */
export const PanelStatus = Type.Union(
  [
    Type.Object({ state: Type.Literal('running'), status: SidecarStatus }),
    Type.Object({ state: Type.Literal('stopped') }),
    Type.Object({
      state: Type.Literal('failed'),
      error: ErrorBody.properties.error,
      log: Type.Array(Type.String(), { description: 'the last lines of the log, oldest first' })
    })
  ],
  { title: 'PanelStatus' }
);
export type PanelStatus = Static<typeof PanelStatus>;

/** Folders are whole paths, or lie below the root directory of the Jupyter server; `out` has a default there. */
export const PanelLearnRequest = Type.Composite(
  [Type.Omit(LearnJobRequest, ['out']), Type.Object({ out: Type.Optional(LearnJobRequest.properties.out) })],
  { title: 'PanelLearnRequest', additionalProperties: false }
);
export type PanelLearnRequest = Static<typeof PanelLearnRequest>;

/** The workspace of this Jupyter server with its snapshots. */
export const PanelWorkspace = Type.Composite([WorkspaceView, SnapshotList], { title: 'PanelWorkspace' });
export type PanelWorkspace = Static<typeof PanelWorkspace>;

export const LogTail = Type.Object({ lines: Type.Array(Type.String(), { description: 'oldest first' }) }, { title: 'LogTail' });
export type LogTail = Static<typeof LogTail>;

/** Schema id of the Jupyter Events that carry a `PanelEvent` (veilbook/server/events/sidecar-event.yaml). */
export const PANEL_EVENT_SCHEMA_ID = 'https://schema.veilbook.dev/sidecar-event/v1';

/** The sidecar's own events, and `state` whenever a client should fetch `status` anew: it came, went or died. */
export const PanelEvent = Type.Union(
  [
    SidecarEvent,
    Type.Object({
      type: Type.Literal('state'),
      state: Type.Union([Type.Literal('running'), Type.Literal('stopped'), Type.Literal('failed')])
    })
  ],
  { title: 'PanelEvent' }
);
export type PanelEvent = Static<typeof PanelEvent>;
