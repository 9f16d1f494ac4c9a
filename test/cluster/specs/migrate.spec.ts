import { type Migration } from '../../../src/toolkit';
import { describeWithToolkit, toolkit, veilbookRuns } from './programs';
import { makeNamespace, removeNamespace } from './support';

describeWithToolkit('csi', 'coming from the toolkit', () => {
  let namespace = '';
  const report = async (): Promise<Migration> => {
    const { code, stdout, stderr } = await veilbookRuns('migrate', 'report', `--namespace=${namespace}`, '--json');
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout) as Migration;
  };

  beforeAll(async () => {
    namespace = await makeNamespace('migrate');
  });
  afterAll(() => removeNamespace(namespace));

  it('finds what the toolkit left of a clone, and the command that is printed mends it', async () => {
    expect(await report()).toMatchObject({ volumes: [], risks: [] });
    await toolkit(namespace, 'create volume --pvc-name=data --size=8Mi');
    await toolkit(namespace, 'clone volume --new-pvc-name=copy --source-pvc-name=data');
    const { volumes, snapshots, risks } = await report();
    expect(volumes).toEqual(['copy', 'data']);
    expect(snapshots).toHaveLength(1);
    expect(risks.map(({ kind, object }) => [kind, object])).toEqual([['leaked-snapshot', `volumesnapshot/${snapshots[0]}`]]);
    for (const command of risks.flatMap(({ mend }) => mend)) {
      const { code, stderr } = await veilbookRuns(...command.split(' ').slice(1), '--force');
      expect([command, code, code === 0 ? '' : stderr]).toEqual([command, 0, '']);
    }
    expect(await report()).toMatchObject({ volumes: ['copy', 'data'], snapshots: [], risks: [] });
  }, 120_000);
});
