import { LabIcon } from '@jupyterlab/ui-components';
import pinSvg from '../../style/icons/pin.svg';
import snapshotSvg from '../../style/icons/snapshot.svg';
import snapshotRunSvg from '../../style/icons/snapshot-run.svg';
import veilbookSvg from '../../style/icons/veilbook.svg';

export const veilbookIcon = new LabIcon({ name: 'veilbook:icon', svgstr: veilbookSvg });
export const pinIcon = new LabIcon({ name: 'veilbook:pin', svgstr: pinSvg });
export const snapshotIcon = new LabIcon({ name: 'veilbook:snapshot', svgstr: snapshotSvg });
export const snapshotRunIcon = new LabIcon({ name: 'veilbook:snapshot-run', svgstr: snapshotRunSvg });
