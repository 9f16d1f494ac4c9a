import { Type } from '@sinclair/typebox';
import { basename } from 'node:path';
import {
  CloneOtherRequest,
  CloneRequest,
  DeleteWorkspaceRequest,
  HoldingList,
  HoldingRequest,
  PinRequest,
  RestoreFilesRequest,
  RestoreRequest,
  RetainRequest,
  Snapshot,
  SnapshotFolder,
  SnapshotList,
  SnapshotRequest,
  WorkspaceList,
  WorkspaceOperation,
  WorkspaceView
} from '../../protocol';
import type { WorkspaceProvider } from '../../workspaces';
import type { App, SidecarContext } from '../context';
import { answers } from './answers';

const Folder = Type.Object(
  { dir: Type.String({ minLength: 1, description: "the workspace's folder, a whole path" }) },
  { additionalProperties: false }
);
const Named = Type.Object({ id: Type.String({ minLength: 1 }) });

/**
 * Snapshots of a folder. What takes long is answered at once with an operation, whose progress is told by events of
 * type `workspace`; one runs at a time on one workspace.
 */
export function workspaceRoutes(app: App, { workspaces }: SidecarContext): void {
  const begins = answers(WorkspaceOperation);

  app.get('/v1/workspace', { schema: { querystring: Folder, response: answers(WorkspaceView) } }, async ({ query }) =>
    workspaces.view(query.dir)
  );

  app.get('/v1/workspace/snapshots', { schema: { querystring: Folder, response: answers(SnapshotList) } }, async ({ query }) => ({
    snapshots: await workspaces.snapshots(query.dir)
  }));

  app.get(
    '/v1/workspace/snapshots/:id/files',
    {
      schema: {
        params: Named,
        querystring: Type.Composite([Folder, Type.Object({ path: Type.String({ description: "'' for all of it" }) })], {
          additionalProperties: false
        }),
        response: answers(SnapshotFolder)
      }
    },
    async ({ params, query }) => workspaces.folder(query.dir, params.id, query.path)
  );

  app.post(
    '/v1/workspace/holding',
    { schema: { querystring: Folder, body: HoldingRequest, response: answers(HoldingList) } },
    async ({ query, body }) => ({ holdings: await workspaces.holdings(query.dir, body.paths) })
  );

  app.get('/v1/workspaces', { schema: { querystring: Folder, response: answers(WorkspaceList) } }, async ({ query }) => ({
    workspaces: await workspaces.others(query.dir)
  }));

  app.post(
    '/v1/workspaces/clone',
    { schema: { querystring: Folder, body: CloneOtherRequest, response: begins } },
    async ({ query, body: { workspace, to } }) =>
      workspaces.begin(
        query.dir,
        provider => provider.clone({ to: placeOf(provider, to) }),
        made => ({ made }),
        workspace
      )
  );

  app.post(
    '/v1/workspaces/delete',
    { schema: { querystring: Folder, body: DeleteWorkspaceRequest, response: begins } },
    async ({ query, body }) => workspaces.removeOther(query.dir, body)
  );

  app.post(
    '/v1/workspace/snapshots',
    { schema: { querystring: Folder, body: SnapshotRequest, response: begins } },
    async ({ query, body }) =>
      workspaces.begin(
        query.dir,
        provider => provider.takeSnapshot(body),
        snapshot => ({ snapshot })
      )
  );

  app.delete(
    '/v1/workspace/snapshots/:id',
    { schema: { params: Named, querystring: Folder, response: begins } },
    async ({ params, query }) =>
      workspaces.begin(
        query.dir,
        provider => provider.deleteSnapshot(params.id),
        () => ({})
      )
  );

  app.put(
    '/v1/workspace/snapshots/:id/pin',
    { schema: { params: Named, querystring: Folder, body: PinRequest, response: answers(Snapshot) } },
    async ({ params, query, body }) => workspaces.pin(query.dir, params.id, body.pinned)
  );

  app.post(
    '/v1/workspace/restore',
    { schema: { querystring: Folder, body: RestoreRequest, response: begins } },
    async ({ query, body }) =>
      workspaces.begin(
        query.dir,
        provider => provider.restore(body.snapshot),
        restored => ({ restored })
      )
  );

  app.post(
    '/v1/workspace/restore-files',
    { schema: { querystring: Folder, body: RestoreFilesRequest, response: begins } },
    async ({ query, body }) =>
      workspaces.begin(
        query.dir,
        provider => provider.restoreFiles(body.snapshot, body.paths),
        restored => ({ restored })
      )
  );

  app.post('/v1/workspace/undo', { schema: { querystring: Folder, response: begins } }, async ({ query }) =>
    workspaces.begin(
      query.dir,
      provider => provider.undoRestore(),
      restored => ({ restored })
    )
  );

  app.post(
    '/v1/workspace/clone',
    { schema: { querystring: Folder, body: CloneRequest, response: begins } },
    async ({ query, body }) =>
      workspaces.begin(
        query.dir,
        provider => provider.clone({ ...body, to: placeOf(provider, body.to) }),
        made => ({ made })
      )
  );

  app.post(
    '/v1/workspace/retain',
    { schema: { querystring: Folder, body: RetainRequest, response: begins } },
    async ({ query, body: { dry_run: dryRun, ...policy } }) =>
      workspaces.begin(
        query.dir,
        provider => provider.retain(policy, dryRun),
        retained => ({ retained })
      )
  );

  app.get('/v1/workspace/operations/:id', { schema: { params: Named, response: begins } }, async ({ params }) =>
    workspaces.operation(params.id)
  );

  app.delete(
    '/v1/workspace/operations/:id',
    { schema: { description: 'stop it, and leave everything as it was', params: Named, response: begins } },
    async ({ params }) => workspaces.cancel(params.id)
  );
}

/** A folder beside the workspace; where workspaces are no folders, its name. */
const placeOf = ({ kind }: WorkspaceProvider, to: string): string => (kind === 'local' ? to : basename(to));
