import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BaseReconstructOptions } from './commands/base-reconstruct.ts';
import { type CommonOptions, type Perform, repeated, withCommonOptions } from './common-options.ts';

interface BaseCheckFlags extends CommonOptions {
  readonly on?: readonly Place[];
  readonly check?: readonly string[];
  readonly user?: string;
  readonly list?: boolean;
}

type Place = 'tree' | 'container' | 'boot';

interface BaseReconstructFlags extends CommonOptions {
  readonly sudo: BaseReconstructOptions['sudo'];
  readonly out?: string;
}

/** `ashlar base ls|show|reconstruct|check`: what changes nothing. */
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
      .command('reconstruct')
      .description(
        'a tree in the shape of a release, as far as it is known; its programs are headers, and nothing in it can be run',
      )
      .argument('[releases...]', 'such as ubuntu:18.04; without any, all that are known')
      .addOption(
        new Option('--sudo <how>', 'as the image is published, or with the package sudo installed')
          .choices(['as-in-image', 'installed', 'without-recommends'])
          .default('as-in-image'),
      )
      .option('-o, --out <file>', 'write the tree of one release as a tar archive')
      .addHelpText('after', reconstructDetails),
  ).action((names: readonly string[], flags: BaseReconstructFlags) =>
    perform(flags, async (context) => {
      const { sudo, out: outFile } = flags;
      const { baseReconstruct } = await import('./commands/base-reconstruct.ts');
      return baseReconstruct(context, { names, sudo, outFile });
    }),
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
      .option('--check <id>', 'make this check alone; may be given several times', repeated)
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

const reconstructDetails = `
  ashlar base reconstruct ubuntu:18.04 --sudo installed -o tree.tar
  ashlar image import tar:tree.tar -t bionic:shape`;

/** As the contract has them; said here again because help loads no rooms. */
const places: readonly Place[] = ['tree', 'container', 'boot'];

function parsePlaces(text: string): readonly Place[] {
  return text.split(',').map((name) => {
    const place = places.find((one) => one === name.trim());
    if (place === undefined) throw new InvalidArgumentError(`Known are ${places.join(', ')}.`);
    return place;
  });
}
