import { type Command, Option } from 'commander';
import { type CommonOptions, type Perform, repeated, withCommonOptions } from './common-options.ts';
import { parseSize } from './parse-size.ts';

/** `ashlar registry-cache ...` */
export function addRegistryCacheCommands(program: Command, perform: Perform): void {
  const cache = program
    .command('registry-cache')
    .description('a cache in front of container registries that holds when many pull at once');
  addServe(cache, perform);
  addStatus(cache, perform);
  addConfigure(cache, perform);
  addWarm(cache, perform);
  addList(cache, perform);
  addVerify(cache, perform);
  addPrune(cache, perform);
}

function addServe(cache: Command, perform: Perform): void {
  withCacheOptions(cache.command('serve').description('run the cache until it is ended'))
    .option('--listen <host:port>', 'where plain http is served', '127.0.0.1:5050')
    .option('--tls-listen <host:port>', 'where TLS is served, with --tls-cert and --tls-key')
    .option('--tls-cert <file>', 'certificates in PEM, the own one first')
    .option('--tls-key <file>', 'the key of the own one, in PEM')
    .addOption(
      new Option('--log <form>', 'form of the log on stderr').choices(['text', 'json', 'none']),
    )
    .action((options: CommonOptions & ServeOptions) =>
      perform(options, async (context) =>
        (await import('./commands/registry-cache-serve.ts')).registryCacheServe(context, {
          ...cacheSettings(options),
          http: options.listen,
          tls: options.tlsListen ?? null,
          tlsCert: options.tlsCert ?? null,
          tlsKey: options.tlsKey ?? null,
          log: options.log ?? (context.terminal.isInteractive ? 'text' : 'json'),
        }),
      ),
    );
}

function addStatus(cache: Command, perform: Perform): void {
  withCommonOptions(
    cache
      .command('status')
      .description('what a running cache does, what is slow, and who has to look at it')
      .option('--cache-url <url>', 'the cache that is asked', 'http://127.0.0.1:5050/'),
  ).action((options: CommonOptions & { cacheUrl: string }) =>
    perform(options, async (context) =>
      (await import('./commands/registry-cache-status.ts')).registryCacheStatus(
        context,
        options.cacheUrl,
      ),
    ),
  );
}

interface ConfigureOptions extends CommonOptions, CacheOptions {
  readonly cacheUrl: string;
  readonly registry?: readonly string[];
  readonly write?: boolean;
  readonly undo?: boolean;
  readonly ca?: string;
  readonly rootDir: string;
  readonly form: 'ns' | 'path';
  readonly fallback: 'upstream' | 'none';
}

function addConfigure(cache: Command, perform: Perform): void {
  withCacheOptions(
    cache
      .command('configure')
      .description('what a container client needs to pull through the cache')
      .argument('<client>', 'docker, containerd, podman (buildah, skopeo, CRI-O) or buildkit')
      .option('--cache-url <url>', 'the cache as the client sees it', 'http://127.0.0.1:5050')
      .option('--ca <file>', 'certificates by which the client is to know a cache of https, in PEM')
      .option(
        '--registry <name>',
        'a registry that is asked through it, and may be repeated; all by default',
        repeated,
      )
      .addOption(
        new Option('--form <form>', 'how a client that can do both names the registry')
          .choices(['ns', 'path'])
          .default('ns'),
      )
      .addOption(
        new Option('--fallback <where>', 'where the client goes when the cache fails')
          .choices(['upstream', 'none'])
          .default('upstream'),
      )
      .option('--write', 'install the files; they are printed without this')
      .option('--undo', 'take back what --write has done')
      .option('--root-dir <dir>', 'the file system of the client', '/'),
  ).action((client: string, options: ConfigureOptions) =>
    perform(options, async (context) =>
      (await import('./commands/registry-cache-configure.ts')).registryCacheConfigure(context, {
        ...cacheSettings(options),
        client,
        address: options.cacheUrl,
        authorityFile: options.ca ?? null,
        registries: options.registry ?? [],
        form: options.form,
        fallback: options.fallback,
        rootDirectory: options.rootDir,
        mode: options.undo === true ? 'undo' : options.write === true ? 'write' : 'print',
      }),
    ),
  );
}

function addWarm(cache: Command, perform: Perform): void {
  withCacheOptions(
    cache
      .command('warm')
      .description(
        'fetch images, so that they are there when machines ask; wants the --config, --upstream, --cache of `serve`',
      )
      .argument('<image...>')
      .option(
        '--platform <name>',
        'such as linux/amd64, and may be repeated; all that an image has by default',
        repeated,
      ),
  ).action(
    (images: string[], options: CommonOptions & CacheOptions & { platform?: readonly string[] }) =>
      perform(options, async (context) =>
        (await import('./commands/registry-cache-warm.ts')).registryCacheWarm(context, images, {
          ...cacheSettings(options),
          platforms: options.platform ?? [],
        }),
      ),
  );
}

function addList(cache: Command, perform: Perform): void {
  withCacheOptions(cache.command('ls').description('the tags that are kept')).action(
    (options: CommonOptions & CacheOptions) =>
      perform(options, async (context) =>
        (await import('./commands/registry-cache-list.ts')).registryCacheList(
          context,
          cacheSettings(options),
        ),
      ),
  );
}

function addVerify(cache: Command, perform: Perform): void {
  withCacheOptions(
    cache
      .command('verify')
      .description('read everything in the cache and hold it against its digests')
      .option('--repair', 'remove what is damaged, to be fetched again when it is asked for'),
  ).action((options: CommonOptions & CacheOptions & { repair?: boolean }) =>
    perform(options, async (context) =>
      (await import('./commands/registry-cache-verify.ts')).registryCacheVerify(context, {
        ...cacheSettings(options),
        damage: options.repair === true ? 'remove' : 'report',
      }),
    ),
  );
}

function addPrune(cache: Command, perform: Perform): void {
  withCacheOptions(
    cache
      .command('prune')
      .description('remove from the cache what was used longest ago')
      .requiredOption('--to <size>', 'what the cache may hold afterwards, such as 200G')
      .option('--dry-run', 'say what would be removed and change nothing'),
  ).action((options: CommonOptions & CacheOptions & { to: string; dryRun?: boolean }) =>
    perform(options, async (context) =>
      (await import('./commands/registry-cache-prune.ts')).registryCachePrune(context, {
        ...cacheSettings(options),
        toBytes: parseSize(options.to, '--to'),
        mode: options.dryRun === true ? 'report' : 'apply',
      }),
    ),
  );
}

interface CacheOptions {
  readonly config?: string;
  readonly cache?: string;
  readonly upstream?: readonly string[];
  readonly root?: string;
  readonly maxCache?: string;
}

interface ServeOptions extends CacheOptions {
  readonly listen: string;
  readonly tlsListen?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly log?: 'text' | 'json' | 'none';
}

function withCacheOptions(command: Command): Command {
  return withCommonOptions(
    command
      .option('--config <file>', 'registries, credentials and limits, as JSON')
      .option('--cache <url>', 'where fetched images are kept: file:///dir or s3://bucket/prefix')
      .option(
        '--upstream <name=url>',
        'where a registry is fetched from; may be repeated, and is asked in this order',
        repeated,
      )
      .option('--root <name>', 'the registry of requests that name none; docker.io by default')
      .option('--max-cache <size>', 'what the cache may hold, such as 500G'),
  );
}

/** What all commands that open the cache are told. */
export interface RegistryCacheSettings {
  readonly configFile: string | null;
  /** Null for the default. */
  readonly cacheUrl: string | null;
  readonly flags: {
    readonly upstreams: readonly string[];
    readonly root?: string;
    readonly maxCacheBytes?: number;
  };
}

function cacheSettings({
  config,
  cache,
  upstream,
  root,
  maxCache,
}: CacheOptions): RegistryCacheSettings {
  return {
    configFile: config ?? null,
    cacheUrl: cache ?? null,
    flags: {
      upstreams: upstream ?? [],
      ...(root === undefined ? {} : { root }),
      ...(maxCache === undefined ? {} : { maxCacheBytes: parseSize(maxCache, '--max-cache') }),
    },
  };
}
