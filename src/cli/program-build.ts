import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { AshlarError } from '../errors/ashlar-error.ts';
import { collectBuildArg, readBuildArgs } from './build-args.ts';
import type { BuildCommandOptions } from './commands/build.ts';
import { parseDiskSize, parseDuration, parseSize } from './parse-size.ts';
import { type CommonOptions, type Perform, refWords, withCommonOptions } from './common-options.ts';
import { defaultDiskSize } from './defaults.ts';
import type { ProgressMode } from './progress/build-progress.ts';
import { trustedByRuns } from './trusted-by-runs.ts';

interface BuildFlags extends CommonOptions {
  readonly file?: string;
  readonly tag?: readonly string[];
  readonly target?: string;
  readonly buildArg?: readonly string[];
  readonly disk?: string;
  readonly cache: boolean;
  readonly pull?: boolean;
  readonly progress: ProgressMode;
  readonly setup: boolean;
  readonly bootCheck?: boolean;
  readonly memory: string;
  readonly pids: string;
  readonly stepTimeout: string;
  readonly network: 'isolated' | 'none';
  readonly caFile?: string;
  readonly mirrors: boolean;
}

/** `ashlar build`, `ashlar boot` and `ashlar doctor` */
export function addBuildCommands(program: Command, perform: Perform): void {
  withCommonOptions(
    program
      .command('build')
      .description('build a Dockerfile into an image')
      .argument('[context]', 'directory with the files that the Dockerfile copies', '.')
      .option('-f, --file <path>', 'the Dockerfile (default: CONTEXT/Dockerfile)')
      .option(
        '-t, --tag <name>',
        'name for the image, such as app:v1; may be given several times',
        collect,
      )
      .option('--target <stage>', 'build this stage, by name or number (default: the last)')
      .option(
        '--build-arg <name=value>',
        'value for an ARG, or a NAME alone that the environment has; may be given several times',
        collectBuildArg,
      )
      .option(
        '--disk <size>',
        `size of the disk, such as 10G (default: as the base image, ${defaultDiskSize} for one from a registry)`,
      )
      .option('--no-cache', 'run every step, also those whose result is in the store')
      .option('--pull', 'ask the registry for the base image even when the store has it')
      .addOption(
        new Option('--progress <mode>', 'how progress is shown on stderr')
          .choices(['auto', 'plain', 'json'])
          .default('auto'),
      )
      .option(
        '--no-setup',
        'leave the image as the last step left it: no user, no init, nothing else put in (see `ashlar base setup`)',
      )
      .option(
        '--no-mirrors',
        'ask registries directly: neither the registry cache for FROM, nor the npm mirror for RUN steps',
      )
      .option('--boot-check', 'boot the image once; its command has to end with 0')
      .option('--memory <size>', 'memory that a RUN step may take', '4G')
      .option('--pids <count>', 'processes that a RUN step may have', '4096')
      .option('--step-timeout <duration>', 'time that a RUN step may take, such as 90s', '1h')
      .addOption(
        new Option(
          '--network <mode>',
          'network of RUN steps; isolated lets them out, but not to services of this machine',
        )
          .choices(['isolated', 'none'])
          .default('isolated'),
      )
      .option(
        '--ca-file <file>',
        'certificates of registries and of what RUN steps ask, besides those known; no trace stays in the image (ASHLAR_BUILD_CA)',
      ),
  ).action((contextDir: string, flags: BuildFlags) =>
    perform(flags, async (context) => {
      const { build } = await import('./commands/build.ts');
      return build(context, await buildOptions(contextDir, flags, context.env));
    }),
  );

  withCommonOptions(
    program
      .command('boot')
      .description('boot an image in a virtual machine and run its command, or the one given')
      .argument('<ref>', refWords)
      .argument('[command...]', 'after --; replaces the entrypoint and the command of the image')
      .addOption(
        new Option(
          '--init <whose>',
          'first process of the machine: guest runs the command alone; image starts the init of the image, which runs the command when everything else is up',
        )
          .choices(['guest', 'image'])
          .default('guest'),
      )
      .option('--memory <size>', 'memory of the virtual machine, such as 512M', '1G')
      .option('--cpus <count>', 'processors of the virtual machine', '1')
      .option('--timeout <duration>', 'end the virtual machine after this time, such as 90s', '5m'),
  ).action(
    (
      reference: string,
      argv: readonly string[],
      flags: CommonOptions & {
        init: 'guest' | 'image';
        memory: string;
        cpus: string;
        timeout: string;
      },
    ) =>
      perform(flags, async (context) => {
        const { boot } = await import('./commands/boot.ts');
        const memoryMiB = parseMachineMemory(flags.memory);
        const timeoutMs = parseDuration(flags.timeout, '--timeout');
        return boot(context, {
          reference,
          argv,
          init: flags.init,
          memoryMiB,
          cpus: parseMachineCpus(flags.cpus),
          timeoutMs,
        });
      }),
  );

  withCommonOptions(
    program
      .command('doctor')
      .description('say what this machine has and lacks to build and boot images'),
  ).action((flags: CommonOptions) =>
    perform(flags, async (context) => (await import('./commands/doctor.ts')).doctor(context)),
  );
}

/** With less, the guest's kernel does not come up, or has no room for a program. */
const minMachineMiB = 96;

function parseMachineMemory(text: string): number {
  const memoryMiB = Math.ceil(parseSize(text, '--memory') / 1024 ** 2);
  if (memoryMiB >= minMachineMiB) return memoryMiB;
  throw new AshlarError('invalid_request', `--memory ${text} is too little for a machine`, {
    data: { memory: text },
    hint: `Give ${minMachineMiB}M or more.`,
  });
}

function parseMachineCpus(text: string): number {
  const cpus = parseCount(text, '--cpus');
  const present = availableParallelism();
  if (cpus <= present) return cpus;
  throw new AshlarError('invalid_request', `--cpus ${text}: this machine has ${present}`, {
    data: { cpus: text, present },
    hint: `Give ${present} or less.`,
  });
}

async function buildOptions(
  contextDir: string,
  flags: BuildFlags,
  env: NodeJS.ProcessEnv,
): Promise<BuildCommandOptions> {
  const caFile = flags.caFile ?? env['ASHLAR_BUILD_CA'];
  const buildArgs = readBuildArgs(flags.buildArg ?? [], env);
  return {
    context: contextDir,
    dockerfile: flags.file,
    target: flags.target,
    tags: flags.tag ?? [],
    buildArgs: withEpoch(buildArgs.values, env),
    unsetArgs: buildArgs.unset,
    diskBytes: flags.disk === undefined ? undefined : parseDiskSize(flags.disk, '--disk'),
    cache: flags.cache ? 'use' : 'ignore',
    pull: flags.pull === true ? 'always' : 'if-missing',
    progress: flags.progress,
    setup: flags.setup ? 'yes' : 'no',
    bootCheck: flags.bootCheck === true ? 'yes' : 'no',
    mirrors: flags.mirrors ? 'use' : 'ignore',
    caFile,
    runs: {
      limits: {
        memoryBytes: parseSize(flags.memory, '--memory'),
        pids: parseCount(flags.pids, '--pids'),
        timeoutMs: parseDuration(flags.stepTimeout, '--step-timeout'),
      },
      network: flags.network,
      ...(await trustedByRuns(caFile)),
    },
  };
}

/** SOURCE_DATE_EPOCH of the environment counts as a build argument, as with other builders. */
function withEpoch(
  buildArgs: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv,
): Readonly<Record<string, string>> {
  const epoch = env['SOURCE_DATE_EPOCH'];
  return epoch === undefined ? buildArgs : { SOURCE_DATE_EPOCH: epoch, ...buildArgs };
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function parseCount(text: string, option: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError(`${option} is not a positive number: ${text}`);
}
