import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describeWithToolkit, toolkitList } from './programs';
import { makeNamespace, removeNamespace } from './support';

const root = resolve(__dirname, '../../..');
const LONG = 120_000;

/** Prints the parameters of each function of a module that both have. */
const SIGNATURES = `
import inspect, json, sys, importlib
module = importlib.import_module(sys.argv[1])
wanted = sys.argv[2].split(",")
print(json.dumps({name: list(inspect.signature(getattr(module, name)).parameters) for name in wanted}))
`;

/** What somebody had written for the toolkit; one word is another. */
const NOTEBOOK = `
import json, sys
from veilbook.k8s import *
ns = sys.argv[1]
create_volume(pvc_name="data", volume_size="8Mi", namespace=ns)
create_volume_snapshot("data", snapshot_name="first", namespace=ns, print_output=True)
clone_volume(new_pvc_name="copy", source_pvc_name="data", source_snapshot_name="first", namespace=ns)
create_volume("again", "8Mi", namespace=ns, source_pvc="data")
said = {"volumes": list_volumes(namespace=ns), "snapshots": list_volume_snapshots(pvc_name="data", namespace=ns)}
restore_volume_snapshot("first", namespace=ns)
delete_volume("copy", namespace=ns)
delete_volume("again", namespace=ns, preserve_snapshots=True)
print(json.dumps(said))
`;

describeWithToolkit('csi', 'the toolkit’s functions in Python', () => {
  let namespace = '';
  let folder = '';
  const python = join(root, '.venv', 'bin', 'python');
  const run = async (program: string, text: string, ...args: string[]) => {
    const path = join(folder, 'program.py');
    writeFileSync(path, text);
    const env = { ...process.env, KUBECONFIG: process.env.VEILBOOK_TEST_KUBECONFIG };
    return (await promisify(execFile)(program, [path, ...args], { cwd: root, env })).stdout;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veilbook-functions-'));
    namespace = await makeNamespace('functions');
  });
  afterAll(async () => {
    await removeNamespace(namespace);
    await rm(folder, { recursive: true, force: true });
  });

  it(
    'take what the toolkit’s take, in the same order',
    async () => {
      const ours = (await run(python, 'from veilbook import k8s\nprint(",".join(k8s.__all__))')).trim();
      const theirs = join(process.env.VEILBOOK_TEST_TOOLKIT ?? '', 'bin', 'python');
      const [own, other] = [
        await run(python, SIGNATURES, 'veilbook.k8s', ours),
        await run(theirs, SIGNATURES, 'netapp_dataops.k8s', ours)
      ];
      expect(JSON.parse(own)).toEqual(JSON.parse(other));
    },
    LONG
  );

  it(
    'do what a notebook asks of them, and the toolkit lists it',
    async () => {
      const said = JSON.parse(await run(python, NOTEBOOK, namespace)) as Record<string, Record<string, string>[]>;
      const name = 'PersistentVolumeClaim (PVC) Name';
      expect(said.volumes.map(row => [row[name], row.Clone, row['Source PVC']])).toEqual([
        ['again', 'Yes', 'data'],
        ['copy', 'Yes', 'data'],
        ['data', 'No', '']
      ]);
      expect(said.snapshots.map(row => row['VolumeSnapshot Name'])).toContain('first');
      const left = await toolkitList(namespace, 'volumes');
      expect(left.map(row => row[name]).filter(one => !one.startsWith('data-before-'))).toEqual(['data']);
    },
    LONG
  );
});
