import { Type, type Static } from '@sinclair/typebox';
import { ErrorBody } from './errors';
import { SidecarStatus } from './sidecar';

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
 * | `GET log?lines=N`        |            | `LogTail`; what the file holds, also when nothing runs |
 *
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

export const LogTail = Type.Object({ lines: Type.Array(Type.String(), { description: 'oldest first' }) }, { title: 'LogTail' });
export type LogTail = Static<typeof LogTail>;
