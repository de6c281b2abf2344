import { type Command, Option } from 'commander';
import { AshlarError } from '../errors/ashlar-error.ts';
import { type CommonOptions, type Perform, repeated, withCommonOptions } from './common-options.ts';
import type { TrustMode } from './commands/trust.ts';

interface TrustFlags extends CommonOptions {
  readonly install?: boolean;
  readonly remove?: boolean;
  readonly check?: boolean;
  readonly client?: string;
  readonly root?: string;
  readonly print?: 'pem';
  readonly ca?: string;
  readonly config?: string;
  readonly host?: string[];
}

/** `ashlar trust` */
export function addTrustCommands(program: Command, perform: Perform): void {
  withCommonOptions(
    program
      .command('trust')
      .description(
        "say whether this machine trusts the mirror's certificates, and what would make it; change nothing without --install or --remove",
      )
      .option('--install', 'make it so; what is changed can be taken back with --remove')
      .option('--remove', 'take back all that --install did')
      .option('--check', 'exit with 6 where a client that is installed does not trust the mirror')
      .option('--client <names>', 'only these of system,node,npm,pnpm,yarn,berry,bun')
      .option('--root <dir>', 'a root file system that is not running, instead of this machine')
      .option('--ca <file>', "these certificates (PEM) instead of this machine's authority")
      .option('--config <file>', 'the configuration of the mirror, as `mirror serve` has it')
      .option(
        '--host <name>',
        'a further host of the default registry, as `mirror serve` has it; may be repeated',
        repeated,
      )
      .addOption(
        new Option(
          '--print <form>',
          'write the certificates to stdout, for other machines',
        ).choices(['pem']),
      ),
  ).action((flags: TrustFlags) =>
    perform(flags, async (context) =>
      (await import('./commands/trust.ts')).trust(context, {
        mode: modeOf(flags),
        clients: flags.client ?? null,
        root: flags.root ?? '/',
        caFile: flags.ca ?? null,
        configFile: flags.config ?? null,
        hosts: flags.host ?? [],
      }),
    ),
  );
}

function modeOf(flags: TrustFlags): TrustMode {
  const given = (['install', 'remove', 'check', 'print'] as const).filter(
    (name) => flags[name] !== undefined,
  );
  if (given.length > 1)
    throw new AshlarError('invalid_request', `--${given.join(' and --')} do not go together`);
  if (flags.remove === true && flags.client !== undefined)
    throw new AshlarError(
      'invalid_request',
      '--remove takes back everything: it does not go with --client',
    );
  return given[0] ?? 'show';
}
