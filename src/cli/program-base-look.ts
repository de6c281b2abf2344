import { type Command, InvalidArgumentError } from 'commander';
import { type CommonOptions, type Perform, withCommonOptions } from './common-options.ts';

interface BaseCheckFlags extends CommonOptions {
  readonly on?: readonly Place[];
  readonly check?: readonly string[];
  readonly user?: string;
  readonly list?: boolean;
}

type Place = 'tree' | 'container' | 'boot';

/** `ashlar base ls|show|check`: what changes nothing. */
export function addBaseLookCommands(base: Command, perform: Perform): void {
  withCommonOptions(
    base
      .command('ls')
      .description(
        'list the releases that are known: their support, what differs, how sure the facts are, the last matrix result',
      ),
  ).action((options: CommonOptions) =>
    perform(options, async (context) =>
      (await import('./commands/base-list.ts')).baseList(context),
    ),
  );

  withCommonOptions(
    base
      .command('show')
      .description(
        'show what is known of a release, with source and mark, and what a setup does to it',
      )
      .argument('<release>', 'such as ubuntu:18.04, debian:bookworm or ubuntu-24.04'),
  ).action((release: string, options: CommonOptions) =>
    perform(options, async () => (await import('./commands/base-show.ts')).baseShow(release)),
  );

  withCommonOptions(
    base
      .command('check')
      .description('hold an image against the contract: each check, with the mend where it failed')
      .argument(
        '[image]',
        'a tag or digest of the store, a source as `image import` takes it, or dir:PATH',
      )
      .option(
        '--on <places>',
        'where to look, with commas: tree, container, boot (default: tree,container)',
        parsePlaces,
      )
      .option('--check <id>', 'make this check alone; may be given several times', collect)
      .option('--user <name>', 'who shall become root (default: whom the setup made so)')
      .option('--list', 'list the checks: what each asserts, why, and which images it concerns'),
  ).action((image: string | undefined, flags: BaseCheckFlags) =>
    perform(flags, async (context) => {
      const { on, check: ids } = flags;
      if (flags.list === true)
        return (await import('./commands/base-checks.ts')).baseChecks({ on, ids });
      const { baseCheck, imageMissing } = await import('./commands/base-check.ts');
      if (image === undefined) throw imageMissing();
      return baseCheck(context, { reference: image, on, ids, user: flags.user });
    }),
  );
}

const places: readonly Place[] = ['tree', 'container', 'boot'];

function parsePlaces(text: string): readonly Place[] {
  return text.split(',').map((name) => {
    const place = places.find((one) => one === name.trim());
    if (place === undefined) throw new InvalidArgumentError(`Known are ${places.join(', ')}.`);
    return place;
  });
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
