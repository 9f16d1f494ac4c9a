import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { FRAME_MIME } from './bundle';
import { FrameRenderer } from './renderer';

const extension: IRenderMime.IExtension = {
  id: 'veilbook:mime',
  description: 'Shows annotated frames of clean and noisy runs.',
  rendererFactory: {
    // Nothing of the document becomes markup or script, so untrusted notebooks are shown too.
    safe: true,
    mimeTypes: [FRAME_MIME],
    createRenderer: options => new FrameRenderer(options)
  },
  rank: 0,
  dataType: 'json'
};

export default extension;
