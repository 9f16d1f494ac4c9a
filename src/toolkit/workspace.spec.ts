import { createHash } from 'node:crypto';
import { workspaceObjects } from './workspace-manifest';
import { secretOf, settingsOf } from './workspace-secret';

const request = { name: 'vision', size: '10Gi' };
const NAME = 'ntap-dsutil-jupyterlab-vision';
const labels = {
  app: NAME,
  'created-by': 'ntap-dsutil',
  'entity-type': 'jupyterlab-workspace',
  'created-by-operation': 'create-jupyterlab',
  'jupyterlab-workspace-name': 'vision'
};

describe('the objects of a workspace', () => {
  const { claim, service, deployment } = workspaceObjects(request);
  const pod = deployment.spec!.template;
  const [first] = pod.spec!.initContainers!;
  const [server] = pod.spec!.containers;

  it('have names, labels and ports of the toolkit', () => {
    for (const { metadata } of [claim, service, deployment]) {
      expect(metadata).toMatchObject({ name: NAME, labels });
    }
    expect(pod.metadata?.labels).toMatchObject(labels);
    expect(deployment.spec?.selector.matchLabels).toEqual({ app: NAME });
    expect(claim.spec).toMatchObject({ accessModes: ['ReadWriteMany'], resources: { requests: { storage: '10Gi' } } });
    expect(service.spec).toMatchObject({ type: 'NodePort', ports: [{ name: 'https', port: 8888, targetPort: 8888 }] });
    expect(pod.spec?.volumes?.[0]).toEqual({ name: 'workspace', persistentVolumeClaim: { claimName: NAME } });
    expect(server).toMatchObject({
      name: 'jupyterlab',
      volumeMounts: expect.arrayContaining([{ name: 'workspace', mountPath: '/workspace' }])
    });
  });

  it('keep the password where no argument, no variable and no object but the Secret shows it', () => {
    const secret = secretOf('vision', { password: 'open sesame' });
    const { PasswordIdentityProvider: kept } = JSON.parse(secret.stringData!['jupyter_server_config.json']) as {
      PasswordIdentityProvider: { hashed_password: string };
    };
    const [algorithm, salt, digest] = kept.hashed_password.split(':');
    expect([algorithm, salt.length]).toEqual(['sha512', 32]);
    expect(digest).toBe(createHash('sha512').update(`open sesame${salt}`).digest('hex'));
    expect(JSON.stringify(deployment)).not.toMatch(/password|token|sha512/i);
    expect(JSON.stringify(secret)).not.toMatch(/open sesame/);
    expect(server.env).toEqual([{ name: 'JUPYTER_CONFIG_PATH', value: '/etc/veilbook-jupyter' }]);
    expect(settingsOf({ token: 'abc' })).toEqual({ IdentityProvider: { token: 'abc' } });
    expect(() => settingsOf({ password: 'short' })).toThrow(/fewer than 8/);
  });

  it('copy the image’s files to a new claim only, and start no second pod beside the first', () => {
    expect(first.command?.[2]).toMatch(/ls -A \/vol/);
    expect(deployment.spec?.strategy).toEqual({ type: 'Recreate' });
    expect(pod.spec?.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, fsGroup: 100 });
    expect(server.readinessProbe?.httpGet).toMatchObject({ path: '/api', scheme: 'HTTPS' });
  });

  it('have no certificate without https', () => {
    const plain = workspaceObjects({ ...request, https: false, loadBalancer: true });
    expect(plain.service.spec).toMatchObject({ type: 'LoadBalancer', ports: [{ name: 'http', port: 80 }] });
    expect(JSON.stringify(plain.deployment)).not.toMatch(/certs|openssl/);
  });

  it.each([
    ['a name with capitals', { name: 'Vision' }, /cannot be a workspace's name/],
    ['no size', { size: '' }, /no size/],
    ['a mount without a path', { mounts: [{ claim: 'data', path: 'data' }] }, /no claim and path/]
  ])('are refused for %s', (_what, change, message) => {
    expect(() => workspaceObjects({ ...request, ...change })).toThrow(message);
  });
});
