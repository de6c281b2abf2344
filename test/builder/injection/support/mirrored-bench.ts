import { existsSync } from 'node:fs';
import { cp, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runChecked } from '../../../../src/process/run-command.ts';
import { type CliBench, type CliResult, createCliBench } from '../../../cli/cli-bench.ts';
import {
  ashlarProgram,
  type MirrorProcess,
  startMirrorProcess,
} from '../../../mirror/processes/support/mirror-process.ts';
import { openNetworkNamespace } from '../../../support/netns/network-namespace.ts';
import type { InstalledClient } from '../../../support/npm-clients/install-client.ts';
import type { RecordedRegistry } from '../../../support/npm-registry/recorded-registry.ts';
import {
  type Launch,
  startRegistryProcess,
} from '../../../support/npm-registry/registry-process.ts';

/**
 * A machine with a network in which the public npm registry's name leads to a stand-in for it, and a mirror of this machine. Both
 * take what they do not have from a registry of recorded packages.
 */
export interface MirroredBench extends AsyncDisposable {
  readonly bench: CliBench;
  readonly upstream: RecordedRegistry;
  /** The mirror with the home of the bench. */
  readonly mirror: MirrorProcess;
  /** What the registry's name leads to, with TLS of its own; it has plain http at `outsideUrl` as well. */
  readonly outside: MirrorProcess;
  readonly outsideUrl: string;
  readonly launch: Launch;
  /** Builds in that network, with steps that trust the stand-in by ASHLAR_BUILD_CA. */
  build(dockerfile: string, options?: MirroredBuild): Promise<CliResult>;
}

export interface MirroredBuild {
  readonly context?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

const address = '192.0.2.10';
const networkScript = `set -e
ip link add eth7 type veth peer name eth8
ip link set eth8 up
ip link set eth7 up
ip address add ${address}/24 dev eth7
ip route add default via 192.0.2.1`;

export async function openMirroredBench(): Promise<MirroredBench> {
  await using stack = new AsyncDisposableStack();
  const bench = stack.use(await createCliBench());
  const { launch } = stack.use(await openNetworkNamespace({ hosts: [] }));
  await runIn(launch, ['sh', '-c', networkScript]);
  const upstream = stack.use(await startRegistryProcess({ set: 'small' }, launch));
  const args = ['--upstream', upstream.url];
  const [mirror, outside] = await Promise.all([
    startMirrorProcess({
      home: bench.home,
      listen: ['--listen=127.0.0.1:0', '--tls-listen=127.0.0.1:0'],
      args,
      launch,
    }),
    startMirrorProcess({
      home: join(bench.path, 'outside'),
      listen: [`--listen=${address}:0`, `--tls-listen=${address}:443`, '--dns-listen=127.0.0.1:53'],
      args: [...args, '--dns-answer', address],
      launch,
    }),
  ]);
  stack.use(mirror);
  stack.use(outside);
  const told = await runChecked(ashlarProgram, ['mirror', 'env', '--output', 'json'], {
    env: outside.env,
  });
  const { environment } = JSON.parse(told.stdout.toString()) as {
    readonly environment: { readonly NODE_EXTRA_CA_CERTS: string };
  };
  const owned = stack.move();
  return {
    bench,
    upstream,
    mirror,
    outside,
    outsideUrl: `http://${address}:${outside.ready.http.port}/`,
    launch,
    build: async (dockerfile, { context = {}, args: more = [], env = {} } = {}) => {
      const directory = await bench.context({ ...context, Dockerfile: dockerfile });
      const flags = ['--no-setup', '--output', 'json', '--progress', 'plain', ...more];
      return bench.run(['build', directory, ...flags], {
        under: launch([]),
        env: {
          ASHLAR_BUILD_CA: environment.NODE_EXTRA_CA_CERTS,
          SOURCE_DATE_EPOCH: '1600000000',
          ...env,
        },
      });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Makes an image of busybox, a Node.js with its libraries, and an npm. */
export async function makeNodeImage(
  { bench }: Pick<MirroredBench, 'bench'>,
  name: string,
  { argv, nodeDir }: InstalledClient,
  shape: (root: string) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const directory = await bench.context({ Dockerfile: 'FROM base:test\nCOPY root/ /\n' });
  const root = join(directory, 'root');
  const node = join(nodeDir, 'node');
  const { stdout } = await runChecked('ldd', [node]);
  const libraries = stdout.toString().matchAll(/(?:=> |^\s*)(\/\S+) \(/gm);
  for (const [, library = ''] of libraries) {
    // The base has /lib as a link to usr/lib.
    const target = join(root, library.replace(/^\/lib\//, '/usr/lib/'));
    await mkdir(dirname(target), { recursive: true });
    await copyFile(library, target);
  }
  const header = join(dirname(nodeDir), 'include/node/node_version.h');
  await mkdir(join(root, 'usr/local/bin'), { recursive: true });
  await mkdir(join(root, 'usr/local/include/node'), { recursive: true });
  await copyFile(node, join(root, 'usr/local/bin/node'));
  if (existsSync(header)) await cp(header, join(root, 'usr/local/include/node/node_version.h'));
  const cli = argv.at(-1) ?? '';
  await cp(dirname(dirname(cli)), join(root, 'usr/local/lib/npm'), { recursive: true });
  await writeFile(
    join(root, 'usr/local/bin/npm'),
    '#!/bin/sh\nexec node /usr/local/lib/npm/bin/npm-cli.js "$@"\n',
    { mode: 0o755 },
  );
  await shape(root);
  const flags = ['--no-setup', '--disk', '768M', '-t', name];
  const built = await bench.run(['build', directory, ...flags]);
  if (built.exitCode !== 0) throw new Error(built.stderr);
}

async function runIn(launch: Launch, command: readonly string[]): Promise<void> {
  const [file = '', ...args] = launch(command);
  await runChecked(file, args);
}
