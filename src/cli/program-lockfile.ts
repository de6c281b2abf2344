import { type Command, InvalidArgumentError } from 'commander';
import { AshlarError } from '../errors/ashlar-error.ts';
import { type CommonOptions, type Perform, withCommonOptions } from './common-options.ts';
import type { LockfileMode } from './commands/lockfile-rewrite.ts';

interface RewriteFlags extends CommonOptions {
  readonly mirror?: string;
  readonly registry: readonly string[];
  readonly restore?: boolean;
  readonly check?: boolean;
  readonly dryRun?: boolean;
}

/** `ashlar lockfile ...` */
export function addLockfileCommands(program: Command, perform: Perform): void {
  const lockfile = program
    .command('lockfile')
    .description('rewrite and check lockfiles of npm, pnpm, yarn and bun');

  withCommonOptions(
    lockfile
      .command('rewrite')
      .description(
        'point the registry URLs of lockfiles to a mirror, or back; nothing else changes',
      )
      .argument(
        '<file...>',
        'package-lock.json, npm-shrinkwrap.json, pnpm-lock.yaml, yarn.lock, bun.lock',
      )
      .option('--mirror <url>', 'address of the mirror (default: "http://localhost:4873/")', one)
      .option(
        '--registry <url>',
        'one more registry whose URLs are rewritten, or allowed by --check; may be given several times',
        (value: string, given: readonly string[]) => [...given, one(value)],
        [],
      )
      .option('--restore', 'put the registries back where the mirror is')
      .option(
        '--check',
        'change nothing; exit with 1 where a package does not come from a public registry or one named with --registry (with --mirror: does not come through that mirror)',
      )
      .option('--dry-run', 'change nothing; say what would change')
      .addHelpText('after', details),
  ).action((files: readonly string[], flags: RewriteFlags) =>
    perform(flags, async (context) => {
      const { lockfileRewrite } = await import('./commands/lockfile-rewrite.ts');
      return lockfileRewrite(context, {
        files,
        mode: modeOf(flags),
        write: flags.dryRun === true ? 'no' : 'yes',
        mirror: flags.mirror,
        registries: flags.registry,
      });
    }),
  );
}

const details = `
The public registry's URLs, by npm's and by yarn's name for it, become the mirror's own. URLs of other registries keep
their host in the path: MIRROR/-/via/https/HOST/PATH. So --restore gives the same bytes back. pnpm, yarn berry and bun
write most packages without a URL; they ask the registry that they are configured with.

In CI:
  --check               the lockfile may be published: no package comes from a mirror or an unknown host
  --check --mirror URL  every package with a URL comes through the mirror`;

function modeOf({ restore, check, dryRun }: RewriteFlags): LockfileMode {
  if (check === true && (restore === true || dryRun === true)) {
    throw new AshlarError(
      'invalid_request',
      '--check changes nothing: it does not go with --restore or --dry-run',
    );
  }
  if (check === true) return 'check';
  return restore === true ? 'to-registry' : 'to-mirror';
}

function one(value: string): string {
  if (value === '') throw new InvalidArgumentError('It is empty.');
  return value;
}
