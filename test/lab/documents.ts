/** Documents as they cross the boundaries of the front end. */
import type {
  FrameBundle,
  LearnJob,
  LearnReport,
  MeasuredStrength,
  OperationRecord,
  PanelWorkspace,
  RunSummary,
  SidecarStatus,
  Snapshot,
  WorkspaceOperation
} from '../../src/protocol';

const SHA = '0123456789abcdef'.repeat(4);
const PICTURE = { mime: 'image/png' as const, base64: 'iVBORw0KGgo=', width: 200, height: 100 };

/** A noisy run with faces at the scores 0.9, 0.4 and 0.1, drawn at 0.25. */
export function frameBundle(changes: Partial<FrameBundle> = {}): FrameBundle {
  const box = (score: number, x1: number) => ({ x1, y1: 10, x2: x1 + 20, y2: 30, score });
  return {
    schema: 1,
    caption: '2 faces · ALPHA 0.2 (uncalibrated) · 12 ms on CPU',
    result: {
      run: 'run-1',
      image: 'photo.jpg',
      mode: 'noisy',
      alpha: 0.2,
      width: 200,
      height: 100,
      threshold: 0.25,
      detections: [box(0.9, 50), box(0.4, 100), box(0.1, 150)],
      timings_ms: { head: 4, noise: 1, tail: 7, total: 12 },
      device: 'cpu',
      notices: ['The artefact is uncalibrated.'],
      private: true,
      model: { name: 'faceboxes', head_sha256: SHA, tail_sha256: SHA },
      artefact: { sha256: SHA, kind: 'stationary-gaussian', calibrated: false, meaning: 'A scale, not a measurement.' },
      versions: { veilbook: '0.1.0' }
    },
    compare: null,
    frame: PICTURE,
    reconstruction: { picture: PICTURE, attacker: 'linear attacker' },
    ...changes
  };
}

export function runSummary(run: string, changes: Partial<RunSummary> = {}): RunSummary {
  return {
    run,
    started: new Date(Date.now() - 120_000).toISOString(),
    image: `${run}.jpg`,
    mode: 'noisy',
    alpha: 0.2,
    calibrated: false,
    faces: 1,
    total_ms: 12.4,
    device: 'cpu',
    error: null,
    ...changes
  };
}

export function learnJob(changes: Partial<LearnJob> = {}): LearnJob {
  return {
    job: 'job-1',
    state: 'running',
    request: { images: '/home/me/photographs/faces', out: '/home/me/obfuscation-faceboxes' },
    started: new Date(Date.now() - 60_000).toISOString(),
    ended: null,
    progress: null,
    report: null,
    error: null,
    ...changes
  };
}

export function learnReport(): LearnReport {
  const knot = (alpha: number, linear_r2: number, agreement_ap: number) => ({
    alpha,
    measured_alpha: alpha + 0.001,
    linear_r2,
    decoder_r2: linear_r2 - 0.02,
    agreement_ap,
    server: ['filter', 'denoiser']
  });
  return {
    schema: 1,
    artefact: { path: '/home/me/obfuscation-faceboxes/obfuscation.json', sha256: SHA, mode: 'calibrated' },
    model: { name: 'faceboxes', head_sha256: SHA, tail_sha256: SHA },
    images: { fit: 256, select: 64, held_out: 64, left_out: 0 },
    stages: [],
    seconds: 240,
    knots: [knot(0.2, 0.73, 0.991), knot(0.8, 0.18, 0.912)],
    notices: []
  };
}

export function sidecarStatus(changes: Partial<SidecarStatus> = {}): SidecarStatus {
  return {
    hello: { protocol: 1, version: '0.1.0', instance: 'one', pid: 4711 },
    started: new Date(Date.now() - 3_600_000).toISOString(),
    clients: 1,
    devices: [
      { id: 'cpu', name: 'Processor', memory_total_mib: 1024, memory_used_mib: 512, usable: true, reason: '' },
      {
        id: 'cuda:0',
        name: 'NVIDIA H200',
        memory_total_mib: 143_771,
        memory_used_mib: 0,
        usable: false,
        reason: 'Its execution provider is not installed.'
      }
    ],
    active_device: 'cpu',
    notices: ['Runs use the CPU.'],
    model: {
      name: 'faceboxes',
      description: 'A face detector',
      bundled: true,
      parameters: 1_012_350,
      artefact: {
        kind: 'stationary-gaussian',
        calibrated: false,
        alpha_min: 0.05,
        alpha_max: 0.95,
        meaning: 'A scale, not a measurement.'
      }
    },
    defaults: { alpha: 0.2, device: 'auto' },
    runs: [],
    ...changes
  };
}

/** Two strengths that an artefact was learned at. */
export function measuredStrengths(): MeasuredStrength[] {
  const looks = (...alphas: number[]) => alphas.map((alpha, i) => ({ looks: 4 ** i, alpha }));
  return [
    { alpha: 0.2, measured: 0.23, certified: null, agreement: 0.991, looks: looks(0.23, 0.21, 0.07) },
    { alpha: 0.8, measured: 0.853, certified: null, agreement: 0.616, looks: looks(0.85, 0.69, 0.48) }
  ];
}

export function snapshot(id: string, changes: Partial<Snapshot> = {}): Snapshot {
  return {
    id,
    workspace: 'work-0123456789ab',
    label: `label of ${id}`,
    kind: 'user',
    created: new Date(Date.now() - 14 * 60_000).toISOString(),
    state: 'ready',
    error: null,
    pinned: false,
    parent: null,
    git: { commit: '3f2c1ab9'.repeat(5), branch: 'main', dirty: true },
    notebook: null,
    run: null,
    saved_documents: true,
    files: 12,
    bytes: 327_155_712,
    copied_bytes: 0,
    method: 'hardlink',
    paths: null,
    left_out: [],
    left_out_total: 0,
    tree: null,
    ...changes
  };
}

export function operation(
  changes: Partial<OperationRecord> = {},
  result: WorkspaceOperation['result'] = null
): WorkspaceOperation {
  const now = new Date().toISOString();
  return {
    record: {
      schema: 1,
      id: 'operation-1',
      kind: 'snapshot',
      workspace: 'work-0123456789ab',
      state: 'running',
      phase: 'copying',
      started: now,
      updated: now,
      host: 'here',
      pid: 1,
      snapshot: null,
      safety: null,
      target: null,
      paths: null,
      progress: null,
      error: null,
      ...changes
    },
    result
  };
}

export function panelWorkspace(snapshots: Snapshot[] = [], changes: Partial<PanelWorkspace> = {}): PanelWorkspace {
  const yes = { allowed: true, reason: null, remedy: null };
  return {
    workspace: {
      id: 'work-0123456789ab',
      name: 'work',
      provider: 'local',
      location: '/home/me/work',
      state: 'present',
      made_here: false,
      clone_of: null,
      snapshots: snapshots.length,
      newest_snapshot: snapshots[0]?.id ?? null,
      last_restore: null,
      running: null
    },
    capabilities: {
      provider: 'local',
      actions: {
        snapshot: yes,
        restore: yes,
        restore_files: yes,
        undo: yes,
        clone: yes,
        delete_snapshot: yes,
        delete_workspace: yes
      },
      method: 'hardlink',
      browse: true,
      restore_restarts: false,
      free_bytes: null
    },
    operation: null,
    snapshots,
    ...changes
  };
}
