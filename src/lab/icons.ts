import { LabIcon } from '@jupyterlab/ui-components';
import veilbookSvg from '../../style/icons/veilbook.svg';

export const veilbookIcon = new LabIcon({ name: 'veilbook:icon', svgstr: veilbookSvg });
