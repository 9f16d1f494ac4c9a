import { Value } from '@sinclair/typebox/value';
import { readFileSync } from 'node:fs';
import type { Compute } from '../pipeline/compute';
import { Defaults, VeilError } from '../protocol';
import { writePrivateJson } from './connection-file';

const BUILT_IN: Defaults = { alpha: 0.2, device: 'auto' };

/** What runs use when the caller says nothing; kept in `defaults.json`. */
export class DefaultsStore {
  private values: Defaults;

  constructor(private readonly path: string) {
    this.values = read(path) ?? BUILT_IN;
  }

  get(): Defaults {
    return this.values;
  }

  /** @throws VeilError `bad_alpha` when the bundled model's artefact does not reach this ALPHA; the old defaults stay. */
  async set(values: Defaults, compute: Compute): Promise<Defaults> {
    const { artefact } = await compute.describeModel();
    if (artefact && (values.alpha < artefact.alpha_min || values.alpha > artefact.alpha_max)) {
      throw new VeilError(
        'bad_alpha',
        `ALPHA ${values.alpha} is outside this artefact's ${artefact.alpha_min} … ${artefact.alpha_max}. The defaults stay as they were.`,
        'Use a value inside.'
      );
    }
    writePrivateJson(this.path, values);
    this.values = values;
    return values;
  }
}

function read(path: string): Defaults | null {
  try {
    const document: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Value.Check(Defaults, document) ? document : null;
  } catch {
    return null;
  }
}
