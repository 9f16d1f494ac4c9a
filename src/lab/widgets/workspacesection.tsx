import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';
import React from 'react';
import { CommandIDs } from '../commands';
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
    return (
      <Workspace
        model={this.model}
        execute={execute}
        openMenu={(snapshot, x, y) => this._openMenu(snapshot, x, y)}
        trans={this._trans}
      />
    );
  }

  /** A menu for a snapshot; afterwards the focus stands where it stood. */
  private _openMenu(snapshot: string, x: number, y: number): void {
    const before = document.activeElement;
    const menu = new Menu({ commands: this._commands });
    menu.node.setAttribute('aria-label', this._trans.__('Actions'));
    for (const command of [CommandIDs.restoreFiles, CommandIDs.compareNotebook, CommandIDs.deleteSnapshot]) {
      menu.addItem({ command, args: { snapshot, menu: true } });
    }
    menu.aboutToClose.connect(() => {
      if (before instanceof HTMLElement && this.node.contains(before)) {
        before.focus();
      }
      // The command is called after this signal.
      requestAnimationFrame(() => menu.dispose());
    });
    menu.open(x, y);
    menu.activateNextItem();
  }
}
