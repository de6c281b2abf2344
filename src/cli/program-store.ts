import type { Command } from 'commander';
import { parseDuration } from './parse-size.ts';
import { type CommonOptions, type Perform, withCommonOptions } from './common-options.ts';

/** `ashlar store ...` */
export function addStoreCommands(program: Command, perform: Perform): void {
  const store = program
    .command('store')
    .description('statistics, garbage collection and checks of the store');

  withCommonOptions(
    store.command('stats').description('count what the store holds, and what sharing saves'),
  ).action((options: CommonOptions) =>
    perform(options, async (context) =>
      (await import('./commands/store-stats.ts')).storeStats(context),
    ),
  );

  withCommonOptions(
    store
      .command('fsck')
      .description('read everything and hold it against its digests; nothing is changed'),
  ).action((options: CommonOptions) =>
    perform(options, async (context) =>
      (await import('./commands/image-verify.ts')).storeCheck(context),
    ),
  );

  withCommonOptions(
    store
      .command('gc')
      .description('remove what no tag, lease or recent build refers to')
      .option('--dry-run', 'say what would be done and change nothing')
      .option('--grace <duration>', 'keep what is younger than this (default: 24h)')
      .option('--keep-steps <duration>', 'keep results of build steps for this long (default: 14d)')
      .option(
        '--quarantine <duration>',
        'delete packs after this long in quarantine (default: 7d)',
      ),
  ).action((options: CommonOptions & GcOptions) =>
    perform(options, async (context) =>
      (await import('./commands/store-collect.ts')).storeCollect(context, {
        mode: options.dryRun === true ? 'report' : 'apply',
        ...durations(options),
      }),
    ),
  );
}

interface GcOptions {
  readonly dryRun?: boolean;
  readonly grace?: string;
  readonly keepSteps?: string;
  readonly quarantine?: string;
}

function durations(options: GcOptions): {
  graceMs?: number;
  keepStepsMs?: number;
  quarantineMs?: number;
} {
  return {
    ...(options.grace === undefined ? {} : { graceMs: parseDuration(options.grace, '--grace') }),
    ...(options.keepSteps === undefined
      ? {}
      : { keepStepsMs: parseDuration(options.keepSteps, '--keep-steps') }),
    ...(options.quarantine === undefined
      ? {}
      : { quarantineMs: parseDuration(options.quarantine, '--quarantine') }),
  };
}
