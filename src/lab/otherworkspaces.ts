import type { Workspace } from '../protocol';
import { CommandIDs } from './commands';
import type { WorkspaceWork } from './workspacework';

/** What a person is told and asked about another workspace. */
export interface OtherQuestions {
  /** Where it is, and how it is opened. */
  open(workspace: Workspace): Promise<void>;
  /** The name of the clone; null when the dialog was called off. */
  clone(name: string, beside: Workspace): Promise<string | null>;
  /** Its name as it was typed, and whether its snapshots go too; null when the dialog was called off. */
  remove(workspace: Workspace): Promise<{ confirm: string; snapshots: boolean } | null>;
}

/** Why the browser does not remove a workspace; null where it does. */
export function irremovable({ made_here: made, state, snapshots }: Workspace): 'not_ours' | 'empty' | null {
  if (state === 'missing') {
    return snapshots > 0 ? null : 'empty';
  }
  return made ? null : 'not_ours';
}

/** Open, clone and delete a workspace other than this one; each command takes its document as `workspace`. */
export function addOtherWorkspaceCommands(work: WorkspaceWork, questions: OtherQuestions): void {
  const { commands, model, trans } = work;
  const given = (args: { workspace?: unknown }) => args.workspace as Workspace | undefined;

  commands.addCommand(CommandIDs.openWorkspace, {
    label: trans.__('Open Another Workspace…'),
    isEnabled: args => given(args) !== undefined,
    execute: async args => {
      const workspace = given(args);
      await (workspace && questions.open(workspace));
    }
  });
  commands.addCommand(CommandIDs.cloneWorkspace, {
    label: trans.__('Clone Another Workspace…'),
    isEnabled: args => work.isFree && work.may('clone') && given(args)?.state === 'present',
    execute: async args => {
      const workspace = given(args);
      const to = workspace && (await questions.clone(workspace.name, work.view!.workspace));
      if (workspace && to) {
        await work.announce(trans.__('Making a clone…'), async () => {
          const { result } = await model.perform({ kind: 'clone_other', workspace: workspace.id, to });
          return trans.__('The clone is %1.', result?.made?.location ?? to);
        });
      }
    }
  });
  commands.addCommand(CommandIDs.deleteWorkspace, {
    label: trans.__('Delete Another Workspace…'),
    isEnabled: args => {
      const workspace = given(args);
      return work.isFree && work.may('delete_workspace') && workspace !== undefined && irremovable(workspace) === null;
    },
    execute: async args => {
      const workspace = given(args);
      const answer = workspace && (await questions.remove(workspace));
      if (workspace && answer) {
        await work.announce(trans.__('Deleting %1…', workspace.name), async () => {
          await model.perform({ kind: 'delete_other', request: { workspace: workspace.id, ...answer } });
          return trans.__('%1 is deleted.', workspace.name);
        });
      }
    }
  });
}
