import type { ITranslator } from '@jupyterlab/translation';
import { SidePanel } from '@jupyterlab/ui-components';
import { AccordionPanel, SplitPanel, type Widget } from '@lumino/widgets';
import { veilbookIcon } from '../icons';

/** The shell of the side panel; each section is a widget of its own. */
export class VeilbookPanel extends SidePanel {
  constructor(translator: ITranslator) {
    super({ translator });
    const trans = translator.load('veilbook');
    this.id = 'veilbook-panel';
    this.addClass('jp-Veilbook-panel');
    this.title.icon = veilbookIcon;
    this.title.caption = 'Veilbook';
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Veilbook'));
  }

  /** Add a section that is folded until somebody wants to see it, and asks nothing before. */
  addFolded(widget: Widget): void {
    this.addWidget(widget);
    this._folded.add(widget);
    if (this.content instanceof AccordionPanel) {
      this.content.collapse(this.widgets.indexOf(widget));
    }
  }

  /** Divide the height among the open sections in these shares; not when somebody has folded or unfolded one, who wants it otherwise. */
  divide(shares: readonly number[]): void {
    if (this.content instanceof SplitPanel && this.widgets.every(widget => widget.isHidden === this._folded.has(widget))) {
      this.content.setRelativeSizes([...shares, ...[...this._folded].map(() => 0)]);
    }
  }

  private readonly _folded = new Set<Widget>();
}
