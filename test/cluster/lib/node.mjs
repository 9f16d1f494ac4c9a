/** The parts that make pods run: containerd, kubelet, kube-proxy and NetworkPolicies, all inside the cluster's own network. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { authority, pair } from './certificates.mjs';
import { cgroupName } from './machine.mjs';
import { imageName } from './image.mjs';
import { configFile } from './parts.mjs';
import * as places from './places.mjs';
import { kubeconfigPath, link, nodeName, podRange, serviceRange } from './settings.mjs';

const toml = (section, values) =>
  `${section ? `[${section}]\n` : ''}${Object.entries(values)
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`)
    .join('')}`;

function containerd() {
  const networks = join(places.configs, 'networks');
  mkdirSync(networks, { recursive: true });
  configFile('networks/pods.conflist', {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'pods',
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: join(places.state, 'addresses'),
          ranges: [[{ subnet: podRange }]],
          routes: [{ dst: '0.0.0.0/0' }]
        }
      },
      { type: 'portmap', capabilities: { portMappings: true } },
      // Pods have IPv4 alone, as their cluster does: what enforces its NetworkPolicies looks at no other packet, and over
      // link-local addresses pods of one bridge would reach each other.
      { type: 'tuning', sysctl: { 'net.ipv6.conf.all.disable_ipv6': '1', 'net.ipv6.conf.default.disable_ipv6': '1' } }
    ]
  });
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  const config = [
    toml('', {
      version: 2,
      root: places.containerdRoot,
      state: places.containerdRun,
      disabled_plugins: ['io.containerd.internal.v1.opt']
    }),
    toml('grpc', { address: places.containerdSocket }),
    toml(cri, {
      sandbox_image: imageName,
      // Without CAP_SYS_RESOURCE nobody may lower a score: take what is allowed instead of failing every pod.
      restrict_oom_score_adj: true,
      disable_apparmor: true,
      netns_mounts_under_state_dir: true,
      stream_server_address: '127.0.0.1',
      stream_server_port: '0'
    }),
    toml(`${cri}.containerd`, { default_runtime_name: 'runc', snapshotter: 'overlayfs' }),
    toml(`${cri}.containerd.runtimes.runc`, { runtime_type: 'io.containerd.runc.v2' }),
    toml(`${cri}.containerd.runtimes.runc.options`, { SystemdCgroup: false, Root: join(places.state, 'runc') }),
    toml(`${cri}.cni`, { bin_dir: '/usr/lib/cni', conf_dir: networks })
  ].join('\n');
  return { name: 'containerd', command: 'containerd', args: ['--config', configFile('containerd.toml', config)] };
}

function kubelet() {
  const server = pair('kubelet');
  const config = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: link.there,
    readOnlyPort: 0,
    healthzPort: 0,
    tlsCertFile: server.certificate,
    tlsPrivateKeyFile: server.key,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: false }, x509: { clientCAFile: authority } },
    authorization: { mode: 'AlwaysAllow' },
    containerRuntimeEndpoint: `unix://${places.containerdSocket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroupName}`,
    failSwapOn: false,
    // Lets it go on where the machine refuses what only a full root may do, such as some sysctls and /dev/kmsg.
    featureGates: { KubeletInUserNamespace: true },
    podLogsDir: join(places.state, 'pod-logs'),
    volumePluginDir: join(places.kubelet, 'volume-plugins'),
    // A busy disk or a busy machine is no reason to evict a test's pod.
    evictionHard: { 'nodefs.available': '0%', 'nodefs.inodesFree': '0%', 'imagefs.available': '0%', 'memory.available': '50Mi' },
    imageGCHighThresholdPercent: 100,
    localStorageCapacityIsolation: false,
    // Tests wait for pods to come and go.
    syncFrequency: '5s',
    nodeStatusUpdateFrequency: '5s'
  };
  return {
    name: 'kubelet',
    command: join(places.programs, 'kubelet'),
    args: [
      `--config=${configFile('kubelet.json', config)}`,
      `--kubeconfig=${kubeconfigPath('kubelet')}`,
      `--root-dir=${places.kubelet}`,
      `--cert-dir=${join(places.kubelet, 'pki')}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${link.there}`
    ]
  };
}

function proxy() {
  const config = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    clientConnection: { kubeconfig: kubeconfigPath('proxy') },
    clusterCIDR: podRange,
    hostnameOverride: nodeName,
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    // These limits belong to the whole machine, not to this network: leave them.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' }
  };
  return {
    name: 'kube-proxy',
    command: join(places.programs, 'kube-proxy'),
    args: [`--config=${configFile('proxy.json', config)}`]
  };
}

/** Enforces NetworkPolicies. It asks for its node's addresses once, so the node has to be there. */
export function networkPolicies() {
  return {
    name: 'network-policies',
    command: join(places.programs, 'network-policies'),
    args: [`--kubeconfig=${kubeconfigPath('admin')}`, `--node=${nodeName}`, `--services=${serviceRange}`]
  };
}

export const nodeParts = () => [containerd(), kubelet(), proxy()];
