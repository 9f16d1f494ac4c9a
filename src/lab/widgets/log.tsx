import { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, refreshIcon, ToolbarButton } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import React from 'react';
import { veilbookIcon } from '../icons';

/** The last lines of the log, the newest in sight. */
export class LogView extends ReactWidget {
  /**
   * @param _read gives the lines, oldest first; what it rejects with is shown in their place
   * @param _label whose log it is
   */
  constructor(
    private readonly _read: () => Promise<string[]>,
    private readonly _trans: TranslationBundle,
    private readonly _label = _trans.__('Sidecar log')
  ) {
    super();
    this.addClass('jp-Veilbook-log');
  }

  async refresh(): Promise<void> {
    try {
      this._lines = await this._read();
      this._problem = null;
    } catch (error) {
      this._problem = error instanceof Error ? error.message : String(error);
    }
    MessageLoop.sendMessage(this, Widget.Msg.UpdateRequest);
    await this.renderPromise;
    this.node.scrollTop = this.node.scrollHeight;
  }

  protected override render(): JSX.Element {
    const trans = this._trans;
    return (
      <>
        {this._problem && (
          <p className="jp-Veilbook-refusal" role="alert">
            {this._problem}
          </p>
        )}
        {this._lines?.length === 0 && <p className="jp-Veilbook-hint">{trans.__('The log is empty.')}</p>}
        <div role="log" aria-label={this._label} tabIndex={0}>
          {this._lines?.map((line, index) => (
            <div key={index} className="jp-Veilbook-logLine" data-level={levelOf(line)}>
              {line}
            </div>
          ))}
        </div>
      </>
    );
  }

  private _lines: string[] | null = null;
  private _problem: string | null = null;
}

/** The log as a document of the main area, with a button that reads it again. */
export function logWidget(
  content: LogView,
  trans: TranslationBundle,
  { id, label } = { id: 'veilbook-log', label: trans.__('Veilbook Log') }
): MainAreaWidget<LogView> {
  const widget = new MainAreaWidget({ content });
  widget.id = id;
  widget.title.label = label;
  widget.title.icon = veilbookIcon;
  widget.title.closable = true;
  widget.toolbar.addItem(
    'refresh',
    new ToolbarButton({ icon: refreshIcon, tooltip: trans.__('Refresh Log'), onClick: () => void content.refresh() })
  );
  return widget;
}

/** `2026-11-21 09:30:00 warn message …`: the third word, where it is a level worth a colour. */
function levelOf(line: string): string | undefined {
  return /^\S+ \S+ (warn|error|fatal) /.exec(line)?.[1];
}
