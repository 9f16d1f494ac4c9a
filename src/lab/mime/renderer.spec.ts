import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { frameBundle } from '../../../test/lab/documents';
import { control, one, setValue, show, until } from '../../../test/lab/page';
import type { FrameBundle } from '../../protocol';
import { FRAME_MIME } from './bundle';
import extension from './index';
import { FrameRenderer } from './renderer';

const OPTIONS: IRenderMime.IRendererOptions = {
  mimeType: FRAME_MIME,
  resolver: null,
  sanitizer: { sanitize: markup => markup },
  linkHandler: null,
  latexTypesetter: null
};

/** As JupyterLab draws the output of a saved notebook: untrusted, without kernel or server. */
async function draw(document: unknown): Promise<FrameRenderer> {
  const renderer = new FrameRenderer(OPTIONS);
  const data = { [FRAME_MIME]: document } as IRenderMime.IMimeModel['data'];
  await renderer.renderModel({ trusted: false, data, metadata: {}, setData: () => undefined });
  show(renderer);
  await until(() => renderer.node.textContent);
  return renderer;
}

const scores = (root: ParentNode) => [...root.querySelectorAll('.jp-Veilbook-score')].map(box => box.textContent);
const caption = (root: ParentNode) => one(root, '.jp-Veilbook-caption').textContent;
const legend = (root: ParentNode) => root.querySelector('figcaption')?.textContent;
const figures = (root: ParentNode) => [...root.querySelectorAll('figure')].map(figure => figure.getAttribute('aria-label'));

describe('the frame renderer', () => {
  let renderer: FrameRenderer;

  afterEach(() => renderer.dispose());

  it('is a safe renderer of its mime type', () => {
    renderer = new FrameRenderer(OPTIONS);
    expect(extension).toMatchObject({ rendererFactory: { safe: true, mimeTypes: [FRAME_MIME] }, dataType: 'json' });
  });

  it('shows the frame with the boxes of the run, its legend and its notices', async () => {
    renderer = await draw(frameBundle());
    expect(one<HTMLImageElement>(renderer.node, 'img').src).toMatch(/^data:image\/png;base64,/);
    expect(scores(renderer.node)).toEqual(['0.40', '0.90']);
    expect(legend(renderer.node)).toMatch(/Noisy · ALPHA 0.2\s*uncalibrated\s*2 faces/);
    expect(one(renderer.node, 'ul[aria-label="Notices"]').textContent).toBe('The artefact is uncalibrated.');
    expect(one(renderer.node, '.jp-Veilbook-badge').textContent).toBe('uncalibrated');
  });

  it('places a box in per cent of the frame, whatever the size of the picture', async () => {
    renderer = await draw(frameBundle());
    const style = [...renderer.node.querySelectorAll<HTMLElement>('.jp-Veilbook-box')].at(-1)?.style;
    expect([style?.left, style?.top, style?.width, style?.height]).toEqual(['25%', '10%', '10%', '20%']);
  });

  it('filters by the slider without another run, and goes back', async () => {
    renderer = await draw(frameBundle());
    const slider = control<HTMLInputElement>(renderer.node, 'Threshold of the noisy run');
    setValue(slider, '0.05');
    await until(() => scores(renderer.node).length === 3);
    expect(legend(renderer.node)).toMatch(/3 faces/);
    setValue(slider, '0.95');
    await until(() => scores(renderer.node).length === 0);
    expect(slider.getAttribute('aria-valuetext')).toBe('0.95, 0 faces');
    control(renderer.node, 'Reset').click();
    await until(() => scores(renderer.node).length === 2);
    expect(legend(renderer.node)).toMatch(/2 faces/);
  });

  it('shows the classes of a classifier, without what belongs to boxes', async () => {
    const { result, ...rest } = frameBundle();
    const classes = [
      { label: 'seven', index: 7, score: 0.97 },
      { label: '<b>one</b>', index: 1, score: 0.02 }
    ];
    renderer = await draw({ ...rest, result: { ...result, detections: [], classes } });
    expect(legend(renderer.node)).toMatch(/seven 0\.97$/);
    expect(one(renderer.node, '.jp-Veilbook-classes').textContent).toBe('<b>one</b> 0.02');
    expect(renderer.node.querySelector('input[type="range"], .jp-Veilbook-check')).toBeNull();
  });

  it('tells in its details how often the source was seen, where that was counted', async () => {
    renderer = await draw(frameBundle());
    expect(one(renderer.node, 'details').textContent).not.toContain('Looks');
    renderer.dispose();
    const { result, ...rest } = frameBundle();
    renderer = await draw({ ...rest, result: { ...result, looks: { count: 17, alpha_1: 0.8, alpha_k: null } } });
    expect(one(renderer.node, 'details').textContent).toContain(
      'Looks17 at this source; ALPHA for one: 0.80, for all together: not measured'
    );
  });

  it('hides the boxes and shows them again', async () => {
    renderer = await draw(frameBundle());
    control(renderer.node, 'Boxes').click();
    await until(() => scores(renderer.node).length === 0);
    control(renderer.node, 'Boxes').click();
    await until(() => scores(renderer.node).length === 2);
  });

  it('turns to the reconstruction and to both, naming the attacker', async () => {
    renderer = await draw(frameBundle());
    control(renderer.node, 'Reconstruction').click();
    await until(() => figures(renderer.node).join() === 'What an attacker reconstructs');
    expect(one(renderer.node, 'figcaption').textContent).toContain('linear attacker');
    control(renderer.node, 'Side by side').click();
    await until(() => figures(renderer.node).length === 2);
  });

  it('offers no reconstruction where the bundle has none', async () => {
    renderer = await draw(frameBundle({ reconstruction: null }));
    expect(renderer.node.querySelector('[role="radiogroup"]')).toBeNull();
  });

  it('shows clean beside noisy, each with its own threshold', async () => {
    const { result } = frameBundle();
    const compare: FrameBundle['compare'] = { ...result, mode: 'clean', alpha: null, artefact: null, threshold: 0.5 };
    renderer = await draw(frameBundle({ compare }));
    control(renderer.node, 'Clean and noisy').click();
    await until(() => figures(renderer.node).length === 2);
    expect(figures(renderer.node)).toEqual(['Clean run, 1 face', 'Noisy run, 2 faces']);
    setValue(control<HTMLInputElement>(renderer.node, 'Threshold of the clean run'), '0.05');
    await until(() => figures(renderer.node)[0] === 'Clean run, 3 faces');
    expect(figures(renderer.node)[1]).toBe('Noisy run, 2 faces');
  });

  it('keeps the keys of every control from the shortcuts of the notebook', async () => {
    renderer = await draw(frameBundle());
    const controls = [...renderer.node.querySelectorAll('input, button, summary')];
    expect(controls.length).toBeGreaterThan(4);
    expect(controls.filter(element => !element.hasAttribute('data-lm-suppress-shortcuts'))).toEqual([]);
  });

  it('says that a newer version wrote it, and keeps the caption', async () => {
    renderer = await draw({ schema: 2, caption: '3 faces' });
    expect(renderer.node.textContent).toContain('newer Veilbook');
    expect(caption(renderer.node)).toContain('3 faces');
  });

  it('says that a damaged bundle cannot be drawn, and keeps the caption', async () => {
    renderer = await draw({ ...frameBundle(), frame: null });
    expect(renderer.node.textContent).toContain('damaged');
    expect(caption(renderer.node)).toMatch(/^2 faces/);
    expect(renderer.node.querySelector('img')).toBeNull();
  });

  it('draws names and notices as text, never as markup', async () => {
    const bundle = frameBundle({ caption: '<img src=x onerror=alert(1)>' });
    bundle.result.notices = ['<script>alert(1)</script>'];
    renderer = await draw(bundle);
    expect(renderer.node.querySelectorAll('img')).toHaveLength(1);
    expect(renderer.node.querySelector('script')).toBeNull();
  });
});
