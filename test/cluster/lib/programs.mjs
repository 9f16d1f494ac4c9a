/** Compiles Kubernetes and the CSI side from their Go modules, and copies the snapshot CRDs out of the module cache. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Complaint } from './complaint.mjs';
import { levels } from './levels.mjs';
import { built, definitions, programs, source } from './places.mjs';

const release = 'v1.34.4';
const [major, minor] = release.slice(1).split('.');
const stamp = (module, name, value) => `-X k8s.io/${module}/version.${name}=${value}`;

// An unstamped server calls itself v0.0.0, which clients that compare versions refuse.
const stamps = [
  stamp('component-base', 'gitVersion', release),
  stamp('component-base', 'gitMajor', major),
  stamp('component-base', 'gitMinor', minor),
  stamp('client-go/pkg', 'gitVersion', release),
  stamp('client-go/pkg', 'gitMajor', major),
  stamp('client-go/pkg', 'gitMinor', minor)
];
const kubernetes = names => names.map(name => `k8s.io/kubernetes/cmd/${name}`);

/** What each level adds to the one before it. */
const sets = {
  api: [
    {
      folder: 'kubernetes',
      packages: ['./etcd', ...kubernetes(['kube-apiserver', 'kube-controller-manager', 'kubectl'])],
      linker: stamps
    }
  ],
  csi: [
    {
      folder: 'csi',
      packages: [
        './driver',
        'github.com/kubernetes-csi/external-provisioner/v6/cmd/csi-provisioner',
        'github.com/kubernetes-csi/external-resizer/v2/cmd/csi-resizer',
        'github.com/kubernetes-csi/external-snapshotter/v8/cmd/csi-snapshotter',
        'github.com/kubernetes-csi/external-snapshotter/v8/cmd/snapshot-controller'
      ],
      linker: []
    }
  ],
  node: [
    { folder: 'kubernetes', packages: kubernetes(['kube-scheduler', 'kubelet', 'kube-proxy']), linker: stamps },
    { folder: 'network', packages: ['./network-policies'], linker: [] }
  ]
};

const complete = level => join(built, `complete-${level}`);
const upTo = level => levels.slice(0, levels.indexOf(level) + 1);
export const areBuilt = level => upTo(level).every(each => existsSync(complete(each)));

const environment = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' };

function findGo() {
  const go = ['go', '/usr/local/go/bin/go'].find(command => spawnSync(command, ['version']).status === 0);
  if (!go) {
    throw new Complaint('The test cluster is compiled from Go modules and there is no go here. Install Go 1.26 or newer.');
  }
  return go;
}

/** Compile what a level needs and is missing; `jobs` packages at a time. Go's own cache resumes an interrupted build. */
export function buildPrograms(level, jobs, say) {
  for (const each of upTo(level).filter(one => !existsSync(complete(one)))) {
    const go = findGo();
    const count = sets[each].flatMap(({ packages }) => packages).length;
    say(`compiling what level ${each} needs: ${count} programs`);
    mkdirSync(programs, { recursive: true });
    sets[each].forEach(set => compile(go, set, jobs));
    if (each === 'api') {
      copyDefinitions(go);
    }
    writeFileSync(complete(each), '');
  }
}

function compile(go, { folder, packages, linker }, jobs) {
  const flags = ['-trimpath', `-p=${jobs}`, '-ldflags', ['-s', '-w', ...linker].join(' ')];
  const { status } = spawnSync('nice', ['-n', '10', go, 'build', ...flags, '-o', `${programs}/`, ...packages], {
    cwd: join(source, folder),
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit']
  });
  if (status !== 0) {
    throw new Complaint(`Compiling test/cluster/${folder} failed; the compiler's words are above.`);
  }
}

/** The CRDs of VolumeSnapshot, of the same release as the client that the sidecars use. */
function copyDefinitions(go) {
  const module = 'github.com/kubernetes-csi/external-snapshotter/client/v8';
  const folder = execFileSync(go, ['list', '-m', '-f', '{{.Dir}}', module], {
    cwd: join(source, 'csi'),
    env: environment,
    encoding: 'utf8'
  }).trim();
  const from = join(folder, 'config', 'crd');
  mkdirSync(definitions, { recursive: true });
  for (const name of readdirSync(from).filter(each => each.startsWith('snapshot.storage.k8s.io_'))) {
    cpSync(join(from, name), join(definitions, name));
  }
}
