import { type Attack } from '../attack';

/** A0: the mean of the attacker's own images, whatever was sent. R2 is counted from it. */
export const PRIOR: Attack = {
  name: 'A0',
  title: 'mean image',
  inputs: ['raw'],
  quick: true,
  preparesInput: true,
  learn: async ({ statistics }) => ({
    reconstruct: async () => statistics.kept.target_mean,
    training: null,
    close: async () => undefined
  })
};
