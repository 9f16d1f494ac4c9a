import { veilbook } from './cli';

jest.setTimeout(300_000);

/** What the commands print, not how fast: speed is for `veilbook bench` on a quiet machine. */
describe('veilbook bench', () => {
  it('prints the five runs of the report with their boundary', async () => {
    const { code, stdout } = await veilbook(['bench', 'obfuscation', '--json']);
    const document = JSON.parse(stdout);
    expect(document.runs_ms).toHaveLength(5);
    expect(document.reported).toMatchObject({ mean_ms: 5.072 });
    expect(document.boundary).toContain('one thread');
    expect(code).toBe(0);
  });

  it('prints each stage beside the baseline, or says that there is none', async () => {
    const { code, stdout } = await veilbook(['bench', 'pipeline', '--rounds', '1', '--json']);
    const document = JSON.parse(stdout);
    const stages = ['jpeg_decode', 'preprocess', 'head', 'noise', 'tail', 'boxes_nms', 'draw_encode'];
    expect(Object.keys(document.stages)).toEqual(stages);
    for (const { ours_ms: ours, baseline_ms: baseline, ratio } of Object.values<Record<string, number | null>>(document.stages)) {
      expect(ours).toBeGreaterThan(0);
      expect(ratio).toBe(baseline === null ? null : baseline / ours!);
    }
    if (typeof document.baseline === 'string') {
      expect(document.baseline).toMatch(/^no baseline: /);
    } else {
      expect(document.faces.ours).toBe(document.faces.baseline);
    }
    expect(document).toMatchObject({ rounds: 1, threads: 1 });
    expect(Object.keys(document.array_to_boxes)).toEqual(expect.arrayContaining(['ratio_1t', 'ratio_2t']));
    expect(code).toBe(0);
  });
});

describe('veilbook model info', () => {
  it('says what the bundled model is', async () => {
    const { stdout } = await veilbook(['model', 'info', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'faceboxes', bundled: true, activation_shape: [128, 32, 32] });
    expect((await veilbook(['model', 'info'])).stdout).toContain('stationary-gaussian, calibrated, ALPHA 0.05 … 0.95');
  });
});
