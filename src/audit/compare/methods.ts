import { bank } from './bank';
import { blur } from './blur';
import { type Method } from './method';
import { cloak, gaussian, laplace, ours, oursServed } from './noises';

/** What is compared, by short names that stay. */
export const METHODS = {
  blur,
  gaussian,
  laplace,
  bank,
  cloak,
  veilbook: ours,
  'veilbook-served': oursServed
} satisfies Record<string, Method>;
export type MethodName = keyof typeof METHODS;
export const METHOD_NAMES = Object.keys(METHODS) as MethodName[];

/** What others published of methods that hide pictures by other means: never measured here. */
export interface Quoted {
  title: string;
  accuracy: string;
  cost: string;
  hidden: string;
  source: string;
}

export const QUOTED: readonly Quoted[] = [
  {
    title: 'Homomorphic encryption (Concrete ML)',
    accuracy: 'ResNet18 on ImageNet: 55% against 67% in the clear',
    cost: '56 min an image on 8 H100; ternary VGG on CIFAR-10: 40 s an image on 128 cores',
    hidden: 'picture and answer, by cryptography',
    source: 'github.com/zama-ai/concrete-ml, the READMEs of these use cases'
  },
  {
    title: 'Secure multi-party computation (Cheetah)',
    accuracy: 'nearly that in the clear',
    cost: 'ResNet50: under 2.5 min and 2.3 GB of traffic an image, wide-area network',
    hidden: 'picture and weights, while the parties do not collude and keep to the protocol',
    source: 'Huang et al., USENIX Security 2022, abstract'
  },
  {
    title: 'Confidential GPU (NVIDIA H100)',
    accuracy: 'that in the clear',
    cost: 'plain mode had 20 to 30% less latency and 45 to 70% more throughput, with models swapped',
    hidden: 'picture and answer from software on the host, not from who holds the machine',
    source: 'arXiv:2505.16501'
  }
];
