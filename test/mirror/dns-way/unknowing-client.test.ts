import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { runChecked, runCommand } from '../../../src/process/run-command.ts';
import {
  type NetworkNamespace,
  openNetworkNamespace,
  whyNoNetworkNamespace,
} from '../../support/netns/network-namespace.ts';
import { clientOf } from '../../support/npm-clients/clients.ts';
import { installClient, type InstalledClient } from '../../support/npm-clients/install-client.ts';
import { openSet, whyNoSet } from '../../support/npm-registry/record-set.ts';
import type { RecordedRegistry } from '../../support/npm-registry/recorded-registry.ts';
import { startRegistryProcess } from '../../support/npm-registry/registry-process.ts';
import { scratchDir } from '../../support/scratch.ts';
import { installWith } from '../clients/reference.ts';
import {
  ashlarProgram,
  type MirrorProcess,
  startMirrorProcess,
} from '../processes/support/mirror-process.ts';
import { debianRoot, makeRoot } from '../trust/support/root-tree.ts';

const installed = await installClient(clientOf('npm11'));
const lack =
  (await whyNoNetworkNamespace()) ??
  (await whyNoSet('small')) ??
  (typeof installed === 'string' ? installed : null);
const dnsListen = [
  '--listen=127.0.0.1:0',
  '--tls-listen=127.0.0.1:443',
  '--dns-listen=127.0.0.1:53',
];

/** The lockfile is full of the public registry's addresses, and no line of /etc/hosts names it. */
describe.skipIf(lack !== null)(
  `a client that knows nothing${lack === null ? '' : ` (${lack})`}`,
  () => {
    const scratch = scratchDir('dns-way');
    let stack = new AsyncDisposableStack();
    afterEach(async () => {
      await stack.disposeAsync();
      stack = new AsyncDisposableStack();
    });

    const open = async (name: string, listen: readonly string[]) => {
      const namespace = stack.use(await openNetworkNamespace({ hosts: [] }));
      const { launch } = namespace;
      const upstream = stack.use(await startRegistryProcess({ set: 'small' }, launch));
      const home = join(scratch, `${name}-home`);
      const args = ['--upstream', upstream.url];
      const mirror = stack.use(await startMirrorProcess({ home, listen, args, launch }));
      return { namespace, upstream, mirror };
    };
    const environment = async (
      { env }: MirrorProcess,
      ...way: readonly string[]
    ): Promise<Readonly<Record<string, string>>> => {
      const args = ['mirror', 'env', '--output', 'json', ...way];
      const { stdout } = await runChecked(ashlarProgram, args, { env });
      return (JSON.parse(stdout.toString()) as { environment: Record<string, string> }).environment;
    };
    const install = async (
      name: string,
      { launch }: NetworkNamespace,
      env: Readonly<Record<string, string>>,
    ): Promise<void> => {
      const { packageJson, lockfile } = await openSet('small');
      const directory = join(scratch, name);
      const { tree, lockfile: after } = await installWith({
        installed: installed as InstalledClient,
        operation: 'ci',
        packageJson,
        directory,
        launch,
        env,
        prepare: () => writeFile(join(directory, 'package-lock.json'), lockfile),
      });
      expect(tree.length).toBeGreaterThan(200);
      expect(after).toBe(lockfile);
    };
    const ways = (mirror: MirrorProcess): readonly string[] => {
      const seen = mirror.log().matchAll(/"way":"(\w+)"/g);
      return [...new Set([...seen].map(([, way]) => way ?? ''))];
    };
    /** How often each tarball of the set was fetched. */
    const fetches = async (
      upstream: RecordedRegistry,
    ): Promise<readonly (number | undefined)[]> => {
      const { requests } = await upstream.counts();
      const { tarballs } = await upstream.recorded();
      return [...new Set(tarballs.map(({ path }) => requests[`GET ${path}`]))];
    };

    it('is led to it by the resolver of its machine, and trusts what is installed on that', async () => {
      const { namespace, upstream, mirror } = await open('dns', dnsListen);
      const root = makeRoot(join(scratch, 'root'), debianRoot);
      await runChecked(ashlarProgram, ['trust', '--install', '--root', root], { env: mirror.env });
      const bundle = join(root, 'etc/ashlar/trust/bundle.pem');
      await install('dns', namespace, { NODE_EXTRA_CA_CERTS: bundle });
      expect(ways(mirror)).toEqual(['transparent']);
      expect(await fetches(upstream)).toEqual([1]);
      const env = await environment(mirror);
      expect(Object.keys(env)).toEqual(['NODE_EXTRA_CA_CERTS']);
      await upstream.outage('refuse');
      await install('dns-again', namespace, env);
    });

    it('finds no other host by that resolver, and is told so at once', async () => {
      const { namespace } = await open('others', dnsListen);
      const [file = '', ...args] = namespace.launch(['getent', 'ahosts', 'elsewhere.example']);
      const begunMs = performance.now();
      const { exitCode } = await runCommand(file, args, { timeoutMs: 30_000 });
      expect(exitCode).toBe(2);
      expect(performance.now() - begunMs).toBeLessThan(5_000);
    });

    it('is led to it by a proxy in its environment', async () => {
      const listen = ['--listen', '127.0.0.1:4873', '--tls-listen', '127.0.0.1:0'];
      const { namespace, upstream, mirror } = await open('proxy', listen);
      await install('proxy', namespace, await environment(mirror, '--way', 'proxy'));
      expect(ways(mirror)).toEqual(['transparent']);
      expect(await fetches(upstream)).toEqual([1]);
    });
  },
);
