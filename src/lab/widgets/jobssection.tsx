import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { IJobsModel } from '../tokens';
import { Jobs } from './jobs';
import { WatchingWidget } from './watching';

/** The section "Jobs" of the side panel. */
export class JobsSection extends WatchingWidget<IJobsModel> {
  constructor(
    model: IJobsModel,
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle
  ) {
    super(model, 'live');
    this.addClass('jp-Veilbook-section');
    this.title.label = _trans.__('Jobs');
  }

  protected override render(): JSX.Element {
    return <Jobs model={this.model} execute={(id, args = {}) => void this._commands.execute(id, args)} trans={this._trans} />;
  }
}
