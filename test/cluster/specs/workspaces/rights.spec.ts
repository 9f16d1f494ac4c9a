import { RbacAuthorizationV1Api, type V1Role, type V1RoleBinding } from '@kubernetes/client-node';
import { roleFor } from '../../../../src/workspaces/kubernetes';
import { RIGHTS, resourceName } from '../../../../src/workspaces/kubernetes/rights';
import { administrator, asServiceAccount, describeAt, makeNamespace, removeNamespace, until } from '../support';
import { claimOf, contentOf, makeWorkspace, open, put, standInKubelet } from './support';

describeAt('csi', 'with no more rights than veilbook rbac prints', () => {
  let namespace = '';
  let kubelet: ReturnType<typeof standInKubelet>;
  let config: Awaited<ReturnType<typeof asServiceAccount>>;
  const rbac = administrator().makeApiClient(RbacAuthorizationV1Api);

  beforeAll(async () => {
    namespace = await makeNamespace('role');
    kubelet = standInKubelet(namespace);
    await makeWorkspace({ namespace, name: 'vision' });
    await put(namespace, 'vision', { 'model.onnx': 'weights' });
    config = await asServiceAccount(namespace, 'veilbook');
    const [role, binding] = roleFor({ namespace, serviceAccount: 'veilbook', removal: false, classes: false });
    await rbac.createNamespacedRole({ namespace, body: role as V1Role });
    await rbac.createNamespacedRoleBinding({ namespace, body: binding as V1RoleBinding });
    await until('the Role is in force', () =>
      open(namespace, 'vision', config).then(
        () => true,
        () => false
      )
    );
  });
  afterAll(async () => {
    await kubelet.stop();
    await removeNamespace(namespace);
  });

  it('everything works but the removal of a workspace, which names what is missing', async () => {
    const workspace = await open(namespace, 'vision', config);
    const { actions } = await workspace.capabilities();
    const { delete_workspace: removal, ...others } = actions;
    expect(Object.values(others).map(({ reason }) => reason)).toEqual(Object.values(others).map(() => null));
    expect(removal.reason).toContain('delete persistentvolumeclaims');
    const before = await contentOf(namespace, 'vision');
    const { id } = await workspace.takeSnapshot({ label: 'by the Role' }).result;
    await put(namespace, 'vision', { 'model.onnx': 'newer' });
    await workspace.restore(id).result;
    expect(await contentOf(namespace, 'vision')).toBe(before);
    await workspace.undoRestore().result;
    await workspace.clone({ to: 'copy', snapshot: id }).result;
    expect(await contentOf(namespace, 'copy')).toBe(before);
    await expect(workspace.deleteWorkspace({ workspace: 'copy', confirm: 'copy' }).result).rejects.toMatchObject({
      code: 'forbidden'
    });
    expect(await contentOf(namespace, 'copy')).toBe(before);
  });

  it.each(RIGHTS.flatMap(right => right.verbs.map(verb => ({ right, verb, what: `${verb} ${resourceName(right.kind)}` }))))(
    'without $what it says so, and leaves the workspace as it was',
    async ({ right, verb }) => {
      const [role] = roleFor({ namespace, serviceAccount: 'veilbook', removal: false, classes: false }) as V1Role[];
      const plural = resourceName(right.kind).split('.')[0];
      const rules = (role.rules ?? [])
        .map(rule => (rule.resources?.[0] === plural ? { ...rule, verbs: rule.verbs.filter(one => one !== verb) } : rule))
        .filter(({ verbs }) => verbs.length > 0);
      const [claim, content] = [await claimOf(namespace, 'vision'), await contentOf(namespace, 'vision')];
      await rbac.replaceNamespacedRole({ namespace, name: role.metadata?.name ?? '', body: { ...role, rules } });
      try {
        const refused = await attempt();
        const needed = RIGHTS.some(one => one.kind === right.kind && one.verbs.includes(verb) && one.actions.includes('restore'));
        if (needed) {
          expect(refused?.code).toBe('forbidden');
          expect(refused?.message).toMatch(new RegExp(`${verb} ${plural}`));
          expect(await claimOf(namespace, 'vision')).toBe(claim);
        }
        expect(refused === null || refused.code === 'forbidden').toBe(true);
      } finally {
        await rbac.replaceNamespacedRole({ namespace, name: role.metadata?.name ?? '', body: role });
        await until('the Role is whole again', async () => {
          const workspace = await open(namespace, 'vision', config, 2).catch(() => null);
          const missing = (await workspace?.capabilities().catch(() => null))?.actions.restore.allowed;
          return missing === true && workspace !== null;
        });
      }
      if ((await claimOf(namespace, 'vision')) !== claim) {
        await (await open(namespace, 'vision', config, 2)).undoRestore().result;
      }
      expect(await contentOf(namespace, 'vision')).toBe(content);
    }
  );

  /** Restore the newest snapshot; what it was refused with. */
  async function attempt(): Promise<{ code: string; message: string } | null> {
    try {
      const workspace = await open(namespace, 'vision', config, 2);
      const snapshots = await workspace.listSnapshots();
      await workspace.restore(snapshots.find(({ label }) => label === 'by the Role')!.id).result;
      return null;
    } catch (thrown) {
      return thrown as { code: string; message: string };
    }
  }
});
