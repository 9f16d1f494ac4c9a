/** A Jupyter server with our routes, in memory: what the real request helper talks to in tests of the front end. */
import { ServerConnection, type Event } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { Stream } from '@lumino/signaling';
import { PanelApi } from '../../src/lab/api';
import { PANEL_EVENT_SCHEMA_ID } from '../../src/lab/model/events';
import { JobsModel } from '../../src/lab/model/jobs';
import { ServersModel } from '../../src/lab/model/servers';
import { SidecarModel } from '../../src/lab/model/sidecar';
import { WorkspaceModel } from '../../src/lab/model/workspace';
import type {
  BatchList,
  BatchLog,
  BatchRemoved,
  BatchSubmitted,
  BatchView,
  Defaults,
  ErrorBody,
  HoldingList,
  InspectedTail,
  LearnJob,
  LedgerPage,
  PanelEvent,
  PanelStatus,
  PanelWorkspace,
  Receipt,
  Snapshot,
  SnapshotFolder,
  TailList,
  WorkspaceList,
  WorkspaceOperation
} from '../../src/protocol';

export interface Answer {
  status?: number;
  /** A string is sent as it is. */
  body:
    | PanelStatus
    | ErrorBody
    | Defaults
    | LearnJob
    | PanelWorkspace
    | WorkspaceOperation
    | Snapshot
    | SnapshotFolder
    | HoldingList
    | WorkspaceList
    | BatchList
    | BatchView
    | BatchLog
    | BatchSubmitted
    | BatchRemoved
    | TailList
    | InspectedTail
    | LedgerPage
    | Receipt
    | { lines: string[] }
    | string;
}

export class TestServer {
  /** What a route answers; one that throws is a server that cannot be reached. */
  readonly routes: Record<string, (request: Request) => Answer | Promise<Answer>> = {};
  /** `GET status`, `PUT defaults`, …, as they came. */
  readonly requests: string[] = [];
  readonly events = new Stream<Event.IManager, Event.Emission>({} as Event.IManager);

  constructor(status: PanelStatus) {
    this.answer('GET status', status);
  }

  answer(route: string, body: Answer['body'], status = 200): void {
    this.routes[route] = () => ({ body, status });
  }

  goAway(): void {
    for (const route of Object.keys(this.routes)) {
      this.routes[route] = () => {
        throw new TypeError('Failed to fetch');
      };
    }
  }

  push(event: PanelEvent, schema: string = PANEL_EVENT_SCHEMA_ID): void {
    this.events.emit({ schema_id: schema, ...event } as Event.Emission);
  }

  model(interval = 10_000): SidecarModel {
    return new SidecarModel(this._api(), this.events, interval);
  }

  workspace(): WorkspaceModel {
    return new WorkspaceModel(this._api(), this.events);
  }

  jobs(): JobsModel {
    return new JobsModel(this._api(), this.events);
  }

  servers(save: (added: string[]) => Promise<void> = async () => undefined): ServersModel {
    return new ServersModel(this._api(), this.events, save);
  }

  private _api(): PanelApi {
    const settings = ServerConnection.makeSettings({
      baseUrl: 'http://localhost/user/me/',
      fetch: (input: RequestInfo | URL, init?: RequestInit) => this._fetch(new Request(input, init))
    });
    return new PanelApi(settings, nullTranslator.load('veilbook'));
  }

  private async _fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const route = `${request.method} ${url.pathname.replace('/user/me/veilbook/', '')}`;
    this.requests.push(route + url.search.replace(/[?&]\d+$/, ''));
    const handler = this.routes[route];
    const { body, status = 200 } = handler ? await handler(request) : { body: 'not found', status: 404 };
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });
  }
}
