const FACTORS: Record<string, number> = { m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 };
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/**
 * Bytes of a quantity such as 10Gi, 1G, 296Ki, 1e9 (1G and 1Gi are not the same); NaN for anything else. Exact up to 2^53.
 * Kubernetes, "Resource quantities" (k8s.io/apimachinery/pkg/api/resource).
 */
export function bytesOf(quantity: string | undefined): number {
  const parts = /^(\d+(?:\.\d*)?(?:[eE]\d+)?)([a-zA-Z]*)$/.exec(quantity ?? '');
  if (!parts) {
    return NaN;
  }
  const [, number, suffix] = parts;
  const factor = BINARY.includes(suffix) ? 1024 ** (BINARY.indexOf(suffix) + 1) : FACTORS[suffix];
  return Number(number) * (factor ?? NaN);
}
