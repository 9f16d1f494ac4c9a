import { Command } from 'commander';
import { loadModel, summarise } from '../models';
import { listModels, type Place } from '../models/registry';
import { VeilError, type ErrorBody } from '../protocol';
import { print } from './output';

/** A model that cannot be used is listed with the reason. */
type Row = Place & (Partial<ReturnType<typeof summarise>> & { task?: string; error?: ErrorBody['error'] });

export function listCommand(): Command {
  return new Command('list')
    .description('the models that --model NAME finds')
    .option('--json', 'print one JSON document')
    .action(list);
}

async function list({ json }: { json?: boolean }): Promise<void> {
  const rows: Row[] = [];
  for (const place of await listModels()) {
    rows.push(await describe(place));
  }
  print(json ? { schema: 1, models: rows } : table(rows));
}

async function describe(place: Place): Promise<Row> {
  try {
    const model = await loadModel(place.dir);
    return { ...summarise(model), ...place, task: model.manifest.task };
  } catch (thrown) {
    return { ...place, error: VeilError.from(thrown).toBody().error };
  }
}

function table(rows: Row[]): string {
  const lines = rows.map(({ name, task, artefact, error, dir, bundled }) => [
    name,
    error ? 'unusable' : (task ?? ''),
    error ? error.message : artefact ? `${artefact.kind}, ALPHA ${artefact.alpha_min} … ${artefact.alpha_max}` : 'none',
    bundled ? `${dir} (bundled)` : dir
  ]);
  const all = [['name', 'task', 'artefact', 'where'], ...lines];
  const widths = all[0].map((_, column) => Math.max(...all.map(row => row[column].length)));
  return all.map(row => row.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]) : cell)).join('  ')).join('\n');
}
