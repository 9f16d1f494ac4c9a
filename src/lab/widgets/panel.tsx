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
    const { content } = this;
    if (content instanceof AccordionPanel) {
      content.collapse(this.widgets.indexOf(widget));
      this._folded.add(widget);
      content.expansionToggled.connect((_, index) => {
        // It never had a height that it could have back.
        if (this._folded.delete(this.widgets[index])) {
          content.setRelativeSizes(this.widgets.map(({ isHidden }) => (isHidden ? 0 : 1)));
        }
      });
    }
  }

  /** Divide the height among the first sections in these shares; not when somebody has folded one, who wants it otherwise. */
  divide(shares: readonly number[]): void {
    if (this.content instanceof SplitPanel && this.widgets.every(widget => widget.isHidden === this._folded.has(widget))) {
      const others = this.widgets.slice(shares.length).map(({ isHidden }) => (isHidden ? 0 : 2));
      this.content.setRelativeSizes([...shares, ...others]);
    }
  }

  private readonly _folded = new Set<Widget>();
}
