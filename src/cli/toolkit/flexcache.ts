import { VeilError } from '../../protocol';
import { type Verbs } from './frame';

/** The toolkit's commands for FlexCache volumes are known by name, with whatever flags, and say what they would need. */
export function flexcache(verbs: Verbs): void {
  const refuse = (what: string) => () => {
    throw new VeilError(
      'bad_request',
      `FlexCache volumes are ${what} through ONTAP's own interface, with an administrator's password out of Trident's namespace, which Veilbook does not ask for. Nothing was done.`,
      'Use the toolkit for them. Their claims are listed and mounted here like any other, but have no snapshots.'
    );
  };
  verbs.create
    .command('flexcache')
    .description('say what a FlexCache volume would need')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(refuse('made'));
  verbs.delete
    .command('flexcache-volume')
    .alias('flexcache')
    .description('likewise')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(refuse('removed'));
}
