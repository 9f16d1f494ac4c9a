import { Type, type Static } from '@sinclair/typebox';
import { Snapshot, Workspace } from './workspace';

const HeldKind = Type.Union([Type.Literal('file'), Type.Literal('folder'), Type.Literal('link')]);

/** Something that a snapshot holds, as it was then. */
export const HeldEntry = Type.Object(
  {
    path: Type.String({ description: 'relative to the workspace' }),
    kind: HeldKind,
    bytes: Type.Union([Type.Integer(), Type.Null()], { description: 'null for a folder' }),
    modified: Type.String({ format: 'date-time' })
  },
  { title: 'HeldEntry' }
);
export type HeldEntry = Static<typeof HeldEntry>;

/** A folder of a snapshot. */
export const SnapshotFolder = Type.Object(
  {
    entries: Type.Array(HeldEntry, { description: 'folders first, then by name; the first 1000' }),
    total: Type.Integer()
  },
  { title: 'SnapshotFolder' }
);
export type SnapshotFolder = Static<typeof SnapshotFolder>;

export const HoldingRequest = Type.Object(
  { paths: Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 100, description: 'relative to the workspace' }) },
  { title: 'HoldingRequest', additionalProperties: false }
);
export type HoldingRequest = Static<typeof HoldingRequest>;

/** Which of some paths each snapshot holds. */
export const HoldingList = Type.Object(
  {
    holdings: Type.Array(
      Type.Object({
        snapshot: Snapshot,
        held: Type.Union([Type.Array(HeldEntry), Type.Null()], { description: 'null where it cannot be looked into' })
      }),
      { description: 'of the ready ones that hold at least one of them or cannot be looked into, newest first' }
    )
  },
  { title: 'HoldingList' }
);
export type HoldingList = Static<typeof HoldingList>;

export const WorkspaceList = Type.Object({ workspaces: Type.Array(Workspace) }, { title: 'WorkspaceList' });
export type WorkspaceList = Static<typeof WorkspaceList>;

export const CloneOtherRequest = Type.Object(
  {
    workspace: Type.String({ minLength: 1, description: 'id; it is cloned as it is now' }),
    to: Type.String({ minLength: 1, description: 'as in CloneRequest' })
  },
  { title: 'CloneOtherRequest', additionalProperties: false }
);
export type CloneOtherRequest = Static<typeof CloneOtherRequest>;
