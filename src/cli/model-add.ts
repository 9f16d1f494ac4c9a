import { Command } from 'commander';
import { loadModel, modelRef, summarise } from '../models';
import { addModel, slotFor, type Slot } from '../models/registry-add';
import { tryModel } from '../pipeline/trial';
import { VeilError } from '../protocol';
import { print } from './output';
import { makeFolder } from './picture-folder';

interface AddFlags {
  name?: string;
  force?: boolean;
  json?: boolean;
}

export function addCommand(): Command {
  return new Command('add')
    .description('verify and try a model folder, and copy it to where --model NAME finds it')
    .argument('<dir>', 'model folder')
    .option('--name <name>', "what it is called there (default: its model.json's name)")
    .option('--force', 'replace a model of that name')
    .option('--json', 'print one JSON document')
    .action(add);
}

async function add(dir: string, flags: AddFlags): Promise<void> {
  const model = await loadModel(dir);
  const slot = await slotFor(flags.name ?? model.manifest.name, flags.force ?? false);
  await tryModel(model);
  const added = await writing(slot, async () => {
    await makeFolder(slot.folder);
    return addModel(model, slot);
  });
  if (flags.json) {
    const { task } = added.manifest;
    print({ schema: 1, ...summarise(added), ...modelRef(added), task, dir: added.dir, instead_of: slot.takes });
    return;
  }
  const instead = slot.takes === null ? '' : slot.takes === slot.dir ? ', replaced' : `, found before ${slot.takes}`;
  print(`${slot.name}  ${added.manifest.task}, in ${added.dir}${instead}. Use it: veilbook detect --model ${slot.name} IMAGE`);
}

async function writing<T>({ folder }: Slot, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof VeilError) {
      throw thrown;
    }
    const { code, message } = thrown as NodeJS.ErrnoException;
    throw new VeilError(
      'output_unwritable',
      `${folder} cannot be written (${code ?? message}). Nothing was added.`,
      'Make room there, or name a folder with space and permission in VEILBOOK_MODELS.'
    );
  }
}
