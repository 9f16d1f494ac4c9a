import { type AttackInput, type AttackResult, type AuditReport } from '../../src/protocol';

/** A PNG of one grey pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==';

function attack(name: string, title: string, input: AttackInput, r2: number, more: Partial<AttackResult> = {}): AttackResult {
  const measured = (mean: number, worst: number) => ({
    mean,
    ci: [mean - 0.02, mean + 0.02] as [number, number],
    worst5: worst
  });
  return {
    name,
    title,
    input,
    looks: 1,
    r2,
    ci: [r2 - 0.02, r2 + 0.02],
    metrics: {
      psnr: measured(10 + 10 * r2, 12 + 10 * r2),
      ssim: measured(r2 / 2, r2),
      ms_ssim: measured(r2 / 2, r2),
      pearson2: measured(r2, r2 + 0.1),
      detail_r2: measured(r2 / 3, r2 / 2),
      image_r2: measured(r2 - 0.05, r2 + 0.15)
    },
    reid: null,
    worst_image: 'one.jpg',
    training: null,
    seconds: 3,
    ...more
  };
}

const reid = (top1: number): Partial<AttackResult> => ({
  metrics: null,
  reid: { among: 1000, top1, top5: Math.min(1, 2 * top1), ci: [top1 / 2, Math.min(1, 1.5 * top1)] }
});

/** What an audit could say; its figures are made up. */
export function auditReport(changes: Partial<AuditReport> = {}): AuditReport {
  const training = { images: 512, steps: 600, seed: 0, loss: [[0, 0.1] as [number, number]], improving: true };
  const alphas = [0.2, 0.4, 0.8, 0.95].map(alpha => {
    const r2 = 0.85 * (1 - alpha);
    const looks = [4, 16, 64].map((count, i) =>
      attack('A4', 'averaging', 'denoised', Math.min(0.84, r2 + 0.12 * (i + 1)), { looks: count })
    );
    return {
      alpha,
      attacks: [
        attack('A0', 'best constant picture', 'raw', 0),
        attack('A1', 'linear, whole field', 'raw', r2 - 0.01),
        attack('A1', 'linear, whole field', 'denoised', r2 - 0.02),
        attack('A2', 'adaptive decoder', 'denoised', r2, { training }),
        ...looks,
        attack('A6', 're-identification', 'whitened', 0, reid(0.3 * (1 - alpha)))
      ],
      strongest: { name: 'A2', input: 'denoised' as const, r2, ci: [r2 - 0.02, r2 + 0.02] as [number, number] },
      alpha_certified: alpha,
      bits: 20000 * (1 - alpha)
    };
  });
  return {
    schema: 1,
    created: '2026-11-21T12:00:00.000Z',
    tool: 'veilbook 0.1.0',
    effort: 'full',
    seed: 0,
    artefact: { sha256: 'a'.repeat(64), mode: 'calibrated', created: '2026-11-20T12:00:00.000Z', looks: 1 },
    model: { name: 'small', head_sha256: 'b'.repeat(64), tail_sha256: 'c'.repeat(64) },
    images: { source: 'photographs', sha256: 'd'.repeat(64), train: 512, attacked: 128, gallery: 1000, left_out: 2 },
    clean: [
      attack('A0', 'best constant picture', 'raw', 0),
      attack('A1', 'linear, whole field', 'raw', 0.82),
      attack('A2', 'adaptive decoder', 'raw', 0.85, { training }),
      attack('A6', 're-identification', 'whitened', 0, reid(1))
    ],
    alphas,
    controls: [{ name: 'reach', title: 'A2 on clean activations', passed: true, detail: 'R2 .850, at least A1’s .820' }],
    conformance: [{ name: 'A5', title: 'No noise twice', passed: true, detail: '0 of 512 pairs, none allowed' }],
    monotone: { compared: 24, violations: [] },
    accuracy: alphas.map(({ alpha }) => ({ alpha, agreement: 1 - alpha / 10 })),
    own_test: { planted: 95, found: 95, sound: 21, alarms: 0 },
    ceiling: {
      population: 'a Gaussian field of these spectra',
      optimal_r2: 0.86,
      rows: [{ alpha: 0.8, optimal_r2: 0.18, attack: 'A2', r2: 0.172, share: 0.956 }]
    },
    sheet: [0.2, 0.8].map(alpha => ({
      alpha,
      image: 'one.jpg',
      attack: 'A2',
      r2: 0.85 * (1 - alpha) + 0.1,
      original: PIXEL,
      recovered: PIXEL
    })),
    versions: { node: '22.19.0', 'onnxruntime-node': '1.30.0' },
    seconds: 1900,
    verdict: 'valid',
    ...changes
  };
}
