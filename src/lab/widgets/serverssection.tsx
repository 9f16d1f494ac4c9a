import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { IServersModel } from '../tokens';
import { Servers } from './servers';
import { WatchingWidget } from './watching';

/** The section "Servers" of the side panel. */
export class ServersSection extends WatchingWidget<IServersModel> {
  constructor(
    model: IServersModel,
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle
  ) {
    super(model, 'live');
    this.addClass('jp-Veilbook-section');
    this.title.label = _trans.__('Servers');
  }

  protected override render(): JSX.Element {
    return <Servers model={this.model} execute={(id, args = {}) => void this._commands.execute(id, args)} trans={this._trans} />;
  }
}
