/** Documents as they cross the boundaries of the front end. */
import type {
  BatchJob,
  BatchShard,
  BatchView,
  DepartureRow,
  FrameBundle,
  InspectedTail,
  KnownTail,
  LearnJob,
  LearnReport,
  LedgerPage,
  MeasuredStrength,
  OperationRecord,
  PanelWorkspace,
  RunSummary,
  SidecarStatus,
  Snapshot,
  TailList,
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

export function batchShard(shard: number, changes: Partial<BatchShard> = {}): BatchShard {
  const pod = `fddb-sweep-${shard}-abcde`;
  return {
    ...{ shard, state: 'running', pod, node: `node-${(shard % 3) + 1}`, pods: 1 },
    ...{ done: 142, total: 356, exit_code: null, reason: null },
    ...changes
  };
}

/** A sweep in eight shards, six of which are done. */
export function batchJob(name = 'fddb-sweep', changes: Partial<BatchJob> = {}): BatchJob {
  const done = { state: 'complete' as const, done: 356 };
  return {
    name,
    namespace: 'inference',
    state: 'running',
    created: new Date(Date.now() - 6 * 60_000).toISOString(),
    finished: null,
    request: { name, claim: 'inference-data', dataset: 'netapp/FDDB', alphas: [0.2, 0.8], shards: 8, gpus: 1 },
    snapshot: null,
    results: `inference-data:veilbook-results/${name}`,
    share: 0.71,
    shards: Array.from({ length: 8 }, (_, shard) => batchShard(shard, shard < 6 ? done : {})),
    message: null,
    ...changes
  };
}

const FOLD = { images: 285, faces: 515, bad: 0 };

/** The same sweep, over. */
export function sweptJob(name = 'fddb-sweep'): BatchView {
  const ended = { state: 'complete' as const, share: 1, finished: new Date().toISOString() };
  const shards = Array.from({ length: 8 }, (_, shard) => batchShard(shard, { state: 'complete', done: 356 }));
  const folds = (ap: number) => [1, 2].map(fold => ({ fold: `FDDB-fold-${fold}`, ap: ap + fold / 1000, ...FOLD }));
  const measured = (ap: number, leakage: number) => ({ average_ap: ap, pooled_ap: ap, folds: folds(ap), roc: null, leakage });
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="230" height="260"><path d="M40 20L190 90" stroke="var(--series-1)"/></svg>';
  return {
    job: batchJob(name, { ...ended, shards }),
    result: {
      lines: ['FDDB, overlap of one half'],
      document: {
        schema: 1,
        clean: measured(0.941, 0.999),
        rows: [
          { alpha: 0.2, ...measured(0.932, 0.73), retained: 0.9904 },
          { alpha: 0.8, ...measured(0.881, 0.18), retained: 0.9362 }
        ]
      },
      average_ap: null,
      bad: 3,
      at: `inference-data:veilbook-results/${name}`
    },
    figures: { narrow: svg, wide: svg.replace('230', '440') }
  };
}

/** An evaluation of one pod, whose log is all that is left. */
export function evaluatedJob(name = 'fddb-clean'): BatchView {
  const lines = [
    'FDDB-fold-1 Val AP: 0.9412345',
    'FDDB-fold-2 Val AP: 0.95',
    'FDDB Dataset Average AP: 0.9456',
    '______',
    'mAP: 0.9456'
  ];
  const request = { name, claim: 'inference-data', dataset: 'netapp/FDDB' };
  return {
    job: batchJob(name, {
      ...{ request, results: null, share: 1, state: 'complete', finished: new Date().toISOString() },
      shards: [batchShard(0, { state: 'complete' })]
    }),
    result: { lines, document: null, average_ap: 0.9456, bad: 0, at: null },
    figures: null
  };
}

export function knownTail(host = 'inference.example:8000', changes: Partial<KnownTail> = {}): KnownTail {
  const destination = `triton://${host}`;
  const model = changes.model ?? 'face_detection_noisy';
  return {
    ...{ url: `${destination}/${model}`, destination, model, assumed: false, refused: null, cluster: null },
    ...{ sources: ['servers.json', 'ledger'], last: new Date(Date.now() - 120_000).toISOString() },
    ...changes
  };
}

/** One server that is ready, under the rules of a reviewer. */
export function tailList(tails: KnownTail[] = [knownTail()], changes: Partial<TailList['policy']> = {}): TailList {
  const destinations = tails.map(({ destination: url }) => ({ url }));
  return {
    tails,
    policy: {
      files: ['/etc/veilbook/policy.yaml'],
      policy: { schema: 1, minimum_alpha: 0.5, destinations, clean_egress: 'never', tls: 'where given' },
      insecure: ['tls is not required: tensors may travel in the clear.', 'looks are not limited.'],
      error: null,
      ...changes
    },
    notes: []
  };
}

export function inspectedTail(
  { url, destination, model }: KnownTail = knownTail(),
  changes: Partial<InspectedTail> = {}
): InspectedTail {
  const counts = { version: '1', inferences: 1204, runs: 610, answered: 1204, failed: 0 };
  return {
    ...{ url, destination, model, state: 'ready', reason: null, platform: 'onnxruntime_onnx', versions: ['1'] },
    ...{ side: 'server side', alpha: 0.8, statistics: [{ ...counts, request_ms: 12.3, queue_ms: 0.4, model_ms: 11.1 }] },
    ...changes
  };
}

export function departureRow(entry: number, changes: Partial<DepartureRow> = {}): DepartureRow {
  return {
    ...{ entry, time: new Date(Date.now() - 120_000).toISOString(), destination: 'triton://inference.example:8000' },
    ...{ server_model: 'face_detection_noisy', protection: 'obfuscated', alpha: 0.8, looks: 1, bytes: 524_288 },
    ...{ outcome: 'answered', snapshot: null },
    ...changes
  };
}

/** A ledger that is whole. */
export function ledgerPage(
  departures: DepartureRow[] = [departureRow(3), departureRow(1)],
  changes: Partial<LedgerPage> = {}
): LedgerPage {
  const head = departures.length > 0 ? departures[0].entry + 1 : null;
  const entries = (head ?? -1) + 1;
  const counts = { entries, departed: departures.length, clean: 0, settled: departures.length, unsettled: [], bytes: 1 };
  const end = head === null ? null : { ledger: 'a'.repeat(32), sequence: head, hash: SHA, time: new Date().toISOString() };
  return {
    ...{ folder: '/home/me/.local/share/veilbook/ledger', head, departures, more: false, unreadable: null },
    verdict: head === null ? null : { schema: 1, ok: true, ...counts, head: end, findings: [] },
    verified: head === null ? null : new Date().toISOString(),
    ...changes
  };
}
