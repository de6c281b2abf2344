import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChecked } from '../../../src/process/run-command.ts';
import {
  type NetworkNamespace,
  openNetworkNamespace,
  whyNoNetworkNamespace,
} from '../../support/netns/network-namespace.ts';
import { makeProject } from '../../support/npm-clients/client-project.ts';
import { clientOf } from '../../support/npm-clients/clients.ts';
import { installClient } from '../../support/npm-clients/install-client.ts';
import { type ClientResult, runClient } from '../../support/npm-clients/run-client.ts';
import { startRegistryProcess } from '../../support/npm-registry/registry-process.ts';
import { publicRegistryUrl } from '../../support/npm-registry/upstream.ts';
import { scratchDir } from '../../support/scratch.ts';
import {
  ashlarProgram,
  type MirrorProcess,
  startMirrorProcess,
} from '../processes/support/mirror-process.ts';
import { acmeHost, boundName, marker, owner, privatePackage } from './support/private-ground.ts';

const groundLack = await whyNoNetworkNamespace();
const defaultHost = new URL(publicRegistryUrl()).host;
const place = '127.0.0.1:4873';
const via = `${place}/-/via/https/${acmeHost}/`;

/** How clients are told of a registry of their own for a scope. */
const settings: Readonly<Record<string, (token: string) => readonly string[]>> = {
  'by its host': (token) => [
    `@acme:registry=https://${acmeHost}/`,
    `//${acmeHost}/:_authToken=${token}`,
  ],
  'by its path at the mirror': (token) => [
    `registry=http://${place}/`,
    `@acme:registry=http://${via}`,
    `//${via}:_authToken=${token}`,
  ],
  'by the mirror that has the scope bound': (token) => [
    `registry=http://${place}/`,
    `//${place}/:_authToken=${token}`,
  ],
};

for (const id of ['npm11', 'pnpm10'] as const) {
  const client = groundLack ?? (await installClient(clientOf(id)));
  const lack = typeof client === 'string' ? client : null;
  describe.skipIf(lack !== null)(
    `${id} and a private scope${lack === null ? '' : ` (${lack})`}`,
    () => {
      const scratch = scratchDir(`private-${id}`);
      const stack = new AsyncDisposableStack();
      let namespace: NetworkNamespace;
      let mirror: MirrorProcess;
      let caFile = '';
      beforeAll(async () => {
        const hosts = [defaultHost, acmeHost];
        namespace = stack.use(await openNetworkNamespace({ hosts }));
        const { launch } = namespace;
        const open = { name: 'open-to-all', versions: { '1.0.0': {} } };
        const planted = { name: boundName, versions: { '9.9.9': {} } };
        const publicRegistry = stack.use(
          await startRegistryProcess({ packages: [open, planted] }, launch),
        );
        const packages = [privatePackage(boundName, [owner])];
        const acmeRegistry = stack.use(
          await startRegistryProcess({ packages, publicHost: acmeHost }, launch),
        );
        const home = join(scratch, 'home');
        const config = {
          registries: [
            { name: 'npm', hosts: [defaultHost], upstreams: [publicRegistry.url] },
            { name: 'acme', hosts: [acmeHost], upstreams: [acmeRegistry.url], access: 'private' },
          ],
          scopes: { '@acme': 'acme' },
        };
        const listen = ['--listen', place, '--tls-listen', '127.0.0.1:443'];
        mirror = stack.use(await startMirrorProcess({ home, config, listen, launch }));
        const args = ['mirror', 'env', '--config', join(home, 'mirror.json'), '--output', 'json'];
        const { stdout } = await runChecked(ashlarProgram, args, { env: mirror.env });
        const said = JSON.parse(stdout.toString()) as { environment: Record<string, string> };
        caFile = said.environment['NODE_EXTRA_CA_CERTS'] ?? '';
      });
      afterAll(() => stack.disposeAsync());

      const install = async (name: string, npmrc: readonly string[]): Promise<ClientResult> => {
        if (typeof client === 'string') throw new TypeError(client);
        const directory = join(scratch, name);
        const dependencies = { [boundName]: '1.0.0', 'open-to-all': '1.0.0' };
        const packageJson = JSON.stringify({ name: 'app', version: '1.0.0', dependencies });
        await makeProject(client.client, { directory, packageJson });
        return runClient(client, {
          cwd: directory,
          home: `${directory}.home`,
          operation: 'install',
          launch: namespace.launch,
          npmrc: [...npmrc, 'fetch-retries=0'],
          caFile,
        });
      };

      it.each(Object.keys(settings))('known %s: the owner gets it, others do not', async (how) => {
        const lines = settings[how] ?? (() => []);
        const name = how.replaceAll(' ', '-');
        const right = await install(`${name}-owner`, lines(owner));
        expect([right.exitCode, right.output]).toEqual([0, expect.any(String)]);
        const index = join(scratch, `${name}-owner`, 'node_modules', boundName, 'index.js');
        expect(await readFile(index, 'utf8')).toContain(marker);
        for (const token of ['npm_Stranger0123456789abcdef', `${owner}0`]) {
          const wrong = await install(`${name}-${token}`, lines(token));
          expect(wrong.exitCode).not.toBe(0);
          expect(wrong.output).not.toContain(marker);
        }
        expect(mirror.log()).not.toContain(owner);
      });
    },
  );
}
