import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type {
  BatchList,
  BatchLog,
  BatchRemoved,
  BatchRequest,
  BatchSubmitted,
  BatchView,
  Defaults,
  ErrorBody,
  HoldingList,
  InspectedTail,
  LearnJob,
  LedgerPage,
  LogTail,
  PanelLearnRequest,
  PanelStatus,
  PanelWorkspace,
  Receipt,
  Snapshot,
  SnapshotFolder,
  TailList,
  Workspace,
  WorkspaceList,
  WorkspaceOperation
} from '../protocol';
import type { Failure, Holding, Operation, WorkspaceAction } from './tokens';

/** Why a request has no answer: nobody answered, we may not ask, or the answer is no. */
export class RequestError extends Error {
  override readonly name = 'RequestError';

  constructor(
    readonly kind: 'offline' | 'forbidden' | 'refused',
    readonly failure: Failure
  ) {
    super(`${failure.message} ${failure.remedy}`.trim());
  }
}

/** The server extension's REST interface (src/protocol/panel.ts). Every method rejects with a RequestError. */
export class PanelApi {
  constructor(
    private readonly _settings: ServerConnection.ISettings,
    private readonly _trans: TranslationBundle
  ) {}

  status(): Promise<PanelStatus> {
    return this._request('status');
  }

  run(operation: Operation): Promise<PanelStatus> {
    return this._request(operation, { method: 'POST' });
  }

  setDefaults(defaults: Defaults): Promise<Defaults> {
    return this._request('defaults', { method: 'PUT', body: JSON.stringify(defaults) });
  }

  learn(request: PanelLearnRequest): Promise<LearnJob> {
    return this._request('learn', { method: 'POST', body: JSON.stringify(request) });
  }

  stopLearning(): Promise<LearnJob> {
    return this._request('learn', { method: 'DELETE' });
  }

  workspace(): Promise<PanelWorkspace> {
    return this._request('workspace');
  }

  /** Begin it; events tell how it goes on. */
  begin(action: WorkspaceAction): Promise<WorkspaceOperation> {
    const post = (endpoint: string, body: object) => this._request<WorkspaceOperation>(endpoint, sent('POST', body));
    switch (action.kind) {
      case 'snapshot':
        return post('workspace/snapshots', action.request);
      case 'restore':
        return post('workspace/restore', { snapshot: action.snapshot });
      case 'restore_files':
        return post('workspace/restore-files', { snapshot: action.snapshot, paths: action.paths });
      case 'undo':
        return post('workspace/undo', {});
      case 'clone':
        return post('workspace/clone', { snapshot: action.snapshot, to: action.to });
      case 'clone_other':
        return post('workspace/others/clone', { workspace: action.workspace, to: action.to });
      case 'delete_other':
        return post('workspace/others/delete', action.request);
      case 'retain':
        return post('workspace/retain', { ...action.policy, dry_run: action.dryRun });
      case 'delete_snapshot':
        return this._request(`workspace/snapshots/${action.snapshot}`, { method: 'DELETE' });
    }
  }

  pin(snapshot: string, pinned: boolean): Promise<Snapshot> {
    return this._request(`workspace/snapshots/${snapshot}/pin`, sent('PUT', { pinned }));
  }

  cancel(operation: string): Promise<WorkspaceOperation> {
    return this._request(`workspace/operations/${operation}`, { method: 'DELETE' });
  }

  async holdings(paths: string[]): Promise<Holding[]> {
    return (await this._request<HoldingList>('workspace/holding', sent('POST', { paths }))).holdings;
  }

  folder(snapshot: string, path: string): Promise<SnapshotFolder> {
    return this._request(`workspace/snapshots/${snapshot}/files?path=${encodeURIComponent(path)}`);
  }

  async others(): Promise<Workspace[]> {
    return (await this._request<WorkspaceList>('workspace/others')).workspaces;
  }

  jobs(): Promise<BatchList> {
    return this._request('jobs');
  }

  job(name: string): Promise<BatchView> {
    return this._request(`jobs/${name}`);
  }

  submitJob(request: BatchRequest): Promise<BatchSubmitted> {
    return this._request('jobs', sent('POST', request));
  }

  removeJob(name: string): Promise<BatchRemoved> {
    return this._request(`jobs/${name}`, { method: 'DELETE' });
  }

  async jobLogs(name: string): Promise<BatchLog['pods']> {
    return (await this._request<BatchLog>(`jobs/${name}/logs`)).pods;
  }

  servers(): Promise<TailList> {
    return this._request('servers');
  }

  inspectTail(url: string): Promise<InspectedTail> {
    return this._request(`servers/inspect?url=${encodeURIComponent(url)}`);
  }

  ledger(limit: number, verify: boolean): Promise<LedgerPage> {
    return this._request(`ledger?limit=${limit}&verify=${verify}`);
  }

  receipt(entry: number): Promise<Receipt> {
    return this._request(`ledger/receipt?entry=${entry}`);
  }

  async log(lines: number): Promise<string[]> {
    const tail = await this._request<LogTail>(`log?lines=${lines}`);
    return tail.lines;
  }

  private async _request<T>(endpoint: string, init: RequestInit = {}): Promise<T> {
    let response: Response;
    let body: unknown;
    try {
      response = await ServerConnection.makeRequest(
        URLExt.join(this._settings.baseUrl, 'veilbook', endpoint),
        init,
        this._settings
      );
      body = parse(await response.text());
    } catch {
      throw this._unanswered();
    }
    if (response.ok && body !== undefined) {
      return body as T;
    }
    throw this._refusal(response.status, body);
  }

  private _refusal(status: number, body: unknown): RequestError {
    const trans = this._trans;
    const failure = isErrorBody(body) ? body.error : null;
    if (status === 401 || status === 403) {
      const fallback = {
        code: 'unauthorized',
        message: trans.__('This Jupyter server does not let you use Veilbook.'),
        remedy: trans.__('Log in again, or ask who runs the server.')
      };
      return new RequestError('forbidden', failure ?? fallback);
    }
    if (failure) {
      return new RequestError('refused', failure);
    }
    return status === 404
      ? new RequestError('offline', {
          code: 'not_found',
          message: trans.__("Veilbook's server extension is not enabled on this Jupyter server."),
          remedy: trans.__('Run `jupyter server extension enable veilbook.server`, then restart the server.')
        })
      : this._unanswered();
  }

  private _unanswered(): RequestError {
    return new RequestError('offline', {
      code: 'offline',
      message: this._trans.__('The Jupyter server does not answer.'),
      remedy: this._trans.__('Check that it runs and that you are connected.')
    });
  }
}

const sent = (method: string, body: object): RequestInit => ({ method, body: JSON.stringify(body) });

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page, not our server's answer.
    return undefined;
  }
}

function isErrorBody(body: unknown): body is ErrorBody {
  const error = (body as Partial<ErrorBody> | null | undefined)?.error;
  return [error?.code, error?.message, error?.remedy].every(part => typeof part === 'string');
}
