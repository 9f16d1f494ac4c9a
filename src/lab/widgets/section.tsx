import type { TranslationBundle } from '@jupyterlab/translation';
import { CommandToolbarButton, Toolbar } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import { CommandIDs } from '../commands';
import type { ISidecarModel } from '../tokens';
import { Inference } from './inference';
import { WatchingWidget } from './watching';

/** The section "Inference" of the side panel. */
export class InferenceSection extends WatchingWidget implements Toolbar.IWidgetToolbar {
  readonly toolbar = new Toolbar();

  constructor(
    model: ISidecarModel,
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle
  ) {
    super(model, 'live');
    this.addClass('jp-Veilbook-section');
    this.title.label = _trans.__('Inference');
    this.toolbar.node.setAttribute('aria-label', _trans.__('Inference'));
    const button = (id: string, caption: string) => new CommandToolbarButton({ commands: _commands, id, caption, label: '' });
    this.toolbar.addItem('log', button(CommandIDs.showLog, _trans.__('Show Sidecar Log')));
    this.toolbar.addItem('restart', button(CommandIDs.restart, _trans.__('Restart Sidecar')));
  }

  protected override render(): JSX.Element {
    return <Inference model={this.model} execute={id => void this._commands.execute(id)} trans={this._trans} />;
  }
}
