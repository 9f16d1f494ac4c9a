import type { ITranslator } from '@jupyterlab/translation';
import { SidePanel } from '@jupyterlab/ui-components';
import { SplitPanel } from '@lumino/widgets';
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

  /** Divide the height among the sections in these shares; not when somebody has collapsed one, who wants it otherwise. */
  divide(shares: readonly number[]): void {
    if (this.content instanceof SplitPanel && this.widgets.every(({ isHidden }) => !isHidden)) {
      this.content.setRelativeSizes([...shares]);
    }
  }
}
