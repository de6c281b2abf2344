import { type Command, Option } from 'commander';
import { type CommonOptions, type Perform, repeated, withCommonOptions } from './common-options.ts';
import { parseSize } from './parse-size.ts';

/** `ashlar mirror ...` */
export function addMirrorCommands(program: Command, perform: Perform): void {
  const mirror = program
    .command('mirror')
    .description('an npm registry that keeps what it fetched and holds when many ask at once');
  addServe(mirror, perform);
  addStatus(mirror, perform);
  addWarm(mirror, perform);
  addVerify(mirror, perform);
  addPrune(mirror, perform);
  addEnv(mirror, perform);
}

function addServe(mirror: Command, perform: Perform): void {
  withMirrorOptions(mirror.command('serve').description('run the mirror until it is ended'))
    .option('--listen <host:port>', 'where plain http is served', '127.0.0.1:4873')
    .option(
      '--tls-listen <host:port>',
      'where TLS is served for the mirrored hosts',
      '127.0.0.1:4874',
    )
    .option('--no-tls', 'serve no TLS, and make no authority')
    .option('--dns-listen <host:port>', 'where DNS is answered; not at all without this')
    .option(
      '--dns-answer <address>',
      'an address given for the mirrored hosts, may be repeated; those of --tls-listen without this',
      repeated,
    )
    .addOption(
      new Option(
        '--tunnels <state>',
        'whether clients that use the mirror as a proxy reach other hosts through it (default: open where it listens on loopback alone)',
      ).choices(['open', 'closed']),
    )
    .addOption(
      new Option(
        '--log <form>',
        'form of the log on stderr (default: text on a terminal, else json)',
      ).choices(['text', 'json', 'none']),
    )
    .action((options: CommonOptions & ServeOptions) =>
      perform(options, async (context) =>
        (await import('./commands/mirror-serve.ts')).mirrorServe(context, {
          ...mirrorSettings(options),
          http: options.listen,
          tls: typeof options.tlsListen === 'string' && options.tls ? options.tlsListen : null,
          dns: options.dnsListen ?? null,
          dnsAnswers: options.dnsAnswer ?? [],
          tunnels: options.tunnels,
          log: options.log ?? (context.terminal.isInteractive ? 'text' : 'json'),
        }),
      ),
    );
}

function addStatus(mirror: Command, perform: Perform): void {
  withCommonOptions(
    mirror
      .command('status')
      .description('what a running mirror does, what is slow, and who has to look at it')
      .option('--mirror <url>', 'the mirror that is asked', 'http://127.0.0.1:4873/'),
  ).action((options: CommonOptions & { mirror: string }) =>
    perform(options, async (context) =>
      (await import('./commands/mirror-status.ts')).mirrorStatus(context, options.mirror),
    ),
  );
}

function addWarm(mirror: Command, perform: Perform): void {
  withMirrorOptions(
    mirror
      .command('warm')
      .description('fetch all that lockfiles need, so that it is there when machines ask')
      .argument('<lockfile...>'),
  ).action((files: string[], options: CommonOptions & MirrorOptions) =>
    perform(options, async (context) =>
      (await import('./commands/mirror-warm.ts')).mirrorWarm(
        context,
        files,
        mirrorSettings(options),
      ),
    ),
  );
}

function addVerify(mirror: Command, perform: Perform): void {
  withMirrorOptions(
    mirror
      .command('verify')
      .description('read everything in the cache and hold it against its digests')
      .option('--repair', 'remove what is damaged, to be fetched again when it is asked for'),
  ).action((options: CommonOptions & MirrorOptions & { repair?: boolean }) =>
    perform(options, async (context) =>
      (await import('./commands/mirror-verify.ts')).mirrorVerify(context, {
        ...mirrorSettings(options),
        damage: options.repair === true ? 'remove' : 'report',
      }),
    ),
  );
}

function addPrune(mirror: Command, perform: Perform): void {
  withMirrorOptions(
    mirror
      .command('prune')
      .description('remove from the cache what was used longest ago')
      .requiredOption('--to <size>', 'what the cache may hold afterwards, such as 20G')
      .option('--dry-run', 'say what would be removed and change nothing'),
  ).action((options: CommonOptions & MirrorOptions & { to: string; dryRun?: boolean }) =>
    perform(options, async (context) =>
      (await import('./commands/mirror-prune.ts')).mirrorPrune(context, {
        ...mirrorSettings(options),
        toBytes: parseSize(options.to, '--to'),
        mode: options.dryRun === true ? 'report' : 'apply',
      }),
    ),
  );
}

interface EnvOptions extends CommonOptions {
  readonly way: 'hosts' | 'proxy' | 'registry';
  readonly address: string;
  readonly port: string;
  readonly config?: string;
  readonly host?: string[];
}

function addEnv(mirror: Command, perform: Perform): void {
  withCommonOptions(
    mirror
      .command('env')
      .description(
        'what a machine or a build needs to use the mirror, as lines of a shell and of /etc/hosts',
      )
      .addOption(
        new Option('--way <way>', 'how clients come to the mirror')
          .choices(['hosts', 'proxy', 'registry'])
          .default('hosts'),
      )
      .option('--address <address>', 'the mirror as those machines see it', '127.0.0.1')
      .option('--port <port>', 'where it serves plain http', '4873')
      .option('--config <file>', 'the configuration of the mirror, as `mirror serve` has it')
      .option(
        '--host <name>',
        'a further host of the default registry, as `mirror serve` has it; may be repeated',
        repeated,
      ),
  ).action(({ way, address, port, config, host, ...options }: EnvOptions) =>
    perform(options, async (context) =>
      (await import('./commands/mirror-env.ts')).mirrorEnv(context, {
        way,
        address,
        port,
        configFile: config ?? null,
        hosts: host ?? [],
      }),
    ),
  );
}

interface MirrorOptions {
  readonly config?: string;
  readonly cache?: string;
  readonly upstream?: string[];
  readonly host?: string[];
  readonly maxCache?: string;
}

interface ServeOptions extends MirrorOptions {
  readonly listen: string;
  readonly tls: boolean;
  readonly tlsListen: string;
  readonly dnsListen?: string;
  readonly dnsAnswer?: string[];
  readonly tunnels?: 'open' | 'closed';
  readonly log?: 'text' | 'json' | 'none';
}

function withMirrorOptions(command: Command): Command {
  return withCommonOptions(
    command
      .option('--config <file>', 'registries, scopes, policy and limits, as JSON')
      .option('--cache <url>', 'where fetched files are kept: file:///dir or s3://bucket/prefix')
      .option(
        '--upstream <url>',
        'where the default registry is fetched from; may be repeated, in this order',
        repeated,
      )
      .option(
        '--host <name>',
        'a further host by which clients know the default registry; may be repeated',
        repeated,
      )
      .option('--max-cache <size>', 'what the cache may hold, such as 50G'),
  );
}

/** What all commands that open the cache are told. */
export interface MirrorSettings {
  readonly configFile: string | null;
  /** Null for the default. */
  readonly cacheUrl: string | null;
  readonly flags: {
    readonly upstreams: readonly string[];
    readonly hosts: readonly string[];
    readonly maxCacheBytes?: number;
  };
}

function mirrorSettings({
  config,
  cache,
  upstream,
  host,
  maxCache,
}: MirrorOptions): MirrorSettings {
  return {
    configFile: config ?? null,
    cacheUrl: cache ?? null,
    flags: {
      upstreams: upstream ?? [],
      hosts: host ?? [],
      ...(maxCache === undefined ? {} : { maxCacheBytes: parseSize(maxCache, '--max-cache') }),
    },
  };
}
