import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { IWorkspaceModel } from '../tokens';
import { WatchingWidget } from './watching';
import { Workspace } from './workspace';

/** The section "Workspace" of the side panel. */
export class WorkspaceSection extends WatchingWidget<IWorkspaceModel> {
  constructor(
    model: IWorkspaceModel,
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle
  ) {
    super(model, 'live');
    this.addClass('jp-Veilbook-section');
    this.title.label = _trans.__('Workspace');
  }

  protected override render(): JSX.Element {
    const execute = (id: string, args = {}) => void this._commands.execute(id, args);
    return <Workspace model={this.model} execute={execute} trans={this._trans} />;
  }
}
