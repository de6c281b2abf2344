import { type Command, Option } from 'commander';
import { type CommonOptions, type Perform, refWords, withCommonOptions } from './common-options.ts';
import { addBaseLookCommands } from './program-base-look.ts';
import type { SetupFlags } from './setup-request.ts';

interface BaseSetupFlags extends CommonOptions, SetupFlags {
  readonly tag?: string;
  readonly undo?: boolean;
  readonly dryRun?: boolean;
}

/** `ashlar base ...` */
export function addBaseCommands(program: Command, perform: Perform): void {
  const base = program
    .command('base')
    .description('what base images are, what a setup does to them, and what they have to hold');
  addBaseLookCommands(base, perform);

  withCommonOptions(
    withSetupOptions(
      base
        .command('setup')
        .description('set an image up as a build does at its end; nothing in it is run')
        .argument('<image>', refWords)
        .option('-t, --tag <name>', 'name for the image that is made'),
    )
      .addOption(
        new Option(
          '--undo',
          'take out again what setups changed; what was changed since stays',
        ).conflicts(['dryRun', ...setupOptionNames]),
      )
      .option('--dry-run', 'say what would be changed and why, and change nothing'),
  ).action((reference: string, flags: BaseSetupFlags) =>
    perform(flags, async (context) => {
      const { readSetupRequest } = await import('./setup-request.ts');
      const { baseSetup } = await import('./commands/base-setup.ts');
      const request = await readSetupRequest(flags, { nowMs: context.nowMs() });
      const way = flags.undo === true ? 'undo' : flags.dryRun === true ? 'dry-run' : 'set-up';
      return baseSetup(context, { reference, tag: flags.tag, way, request });
    }),
  );
}

/** Of `withSetupOptions`, as commander has them. */
const setupOptionNames: readonly (keyof SetupFlags)[] = [
  'user',
  'uid',
  'ca',
  'npmRegistry',
  'pipIndex',
  'dockerMirror',
  'aptMirror',
  'init',
];

/** What may be asked of a setup. */
export function withSetupOptions(command: Command): Command {
  return command
    .option(
      '--user <name>',
      'who works in the machine (default: whom an earlier setup was asked for, whoever has uid 1000, else a new `user`)',
    )
    .option('--uid <number>', 'uid of the user')
    .option(
      '--ca <file>',
      'a certificate in PEM form that programs of the image trust; may be given several times',
      collect,
    )
    .option('--npm-registry <url>', 'npm in the image installs from here')
    .option('--pip-index <url>', 'pip in the image installs from here')
    .option('--docker-mirror <url>', 'docker and podman in the image ask here first')
    .option(
      '--apt-mirror <url>',
      "apt in the image asks here, in place of the distribution's hosts: http://HOST, under which /debian or /ubuntu lies",
    )
    .option('--no-init', 'bring no init to an image that has none, in later setups either')
    .option('--init', 'bring one again');
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
