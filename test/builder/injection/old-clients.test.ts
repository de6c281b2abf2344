import { cp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, documentOf, whyNoSteps } from '../../cli/cli-bench.ts';
import { clientOf } from '../../support/npm-clients/clients.ts';
import { installClient, type InstalledClient } from '../../support/npm-clients/install-client.ts';
import { whyNoNetworkNamespace } from '../../support/netns/network-namespace.ts';
import { whyNoSet } from '../../support/npm-registry/record-set.ts';
import { publicRegistryUrl } from '../../support/npm-registry/upstream.ts';
import { makeNodeImage, type MirroredBench, openMirroredBench } from './support/mirrored-bench.ts';

const nodePackage = `node-linux-${process.arch}`;

/** npm 3 on Node.js 4.2 is what Ubuntu 16.04 has, npm 1.3 on 0.10 what 14.04 has: OpenSSL 1.0.2 and 1.0.1. */
const oldClient = (npm: string, node: string): Promise<InstalledClient | string> =>
  installClient({
    ...clientOf('npm6'),
    version: npm,
    packages: [`npm@${npm}`, `${nodePackage}@${node}`],
    node: `node_modules/${nodePackage}/bin/node`,
  });
const [npm3, npm1] = await Promise.all([
  oldClient('3.10.10', '4.2.5'),
  oldClient('1.3.10', '0.10.48'),
]);

const lack =
  (whyNoSteps === '' ? null : whyNoSteps) ??
  (await whyNoNetworkNamespace()) ??
  (await whyNoSet('small')) ??
  [npm3, npm1].find((client) => typeof client === 'string') ??
  null;

let place: MirroredBench;

beforeAll(async () => {
  if (lack !== null || typeof npm3 === 'string' || typeof npm1 === 'string') return;
  place = await openMirroredBench();
  await makeNodeImage(place, 'old:test', npm3, (root) => putAside(join(root, 'opt/oldest'), npm1));
}, 60_000);
afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
});

async function putAside(directory: string, { argv, nodeDir }: InstalledClient): Promise<void> {
  await cp(join(nodeDir, 'node'), join(directory, 'node'));
  await cp(dirname(dirname(argv.at(-1) ?? '')), join(directory, 'npm'), { recursive: true });
}

const manifest = JSON.stringify({
  name: 'old',
  version: '1.0.0',
  dependencies: { ms: '2.0.0', once: '1.4.0' },
});

function connections(result: CliResult): number {
  if (result.exitCode !== 0) throw new Error(`${result.stdout}\n${result.stderr}`);
  const { mirror } = documentOf(result) as unknown as { mirror: { through: number } | null };
  return mirror?.through ?? 0;
}

describe.skipIf(lack !== null)(
  `clients of old releases${lack === null ? '' : ` (${lack})`}`,
  () => {
    it.each([
      ['npm 3 on Node.js 4.2', 'npm'],
      ['npm 1.3 on Node.js 0.10', '/opt/oldest/node /opt/oldest/npm/bin/npm-cli.js'],
    ])('%s goes through the mirror, and what it installs knows nothing of it', async (_, npm) => {
      const dockerfile = `FROM old:test
WORKDIR /app
COPY package.json ./
RUN ${npm} install --cache /tmp/npm && ls node_modules && grep -rhoE '"_resolved": "[a-z]+://[^/"]+' node_modules | sort -u
RUN grep -rlE 'ashlar|198[.]18[.]' /app /root || echo clean
`;
      const built = await place.build(dockerfile, { context: { 'package.json': manifest } });
      expect(connections(built)).toBeGreaterThan(0);
      expect(built.stderr).toContain(`"_resolved": "${publicRegistryUrl().slice(0, -1)}\n`);
      expect(built.stderr).toMatch(/ ms\n[^]* once\n/);
      expect(built.stderr).toMatch(/ clean\n/);
    });

    it('are not told of authorities where a project names its own', async () => {
      const look = 'env | grep -c npm_config_cafile || true';
      const dockerfile = `FROM old:test\nWORKDIR /app\nRUN ${look}\nCOPY .npmrc ./\nRUN ${look}\n`;
      const built = await place.build(dockerfile, {
        context: { '.npmrc': 'cafile=/etc/own.pem\n' },
      });
      const counts = [...built.stderr.matchAll(/^#\d+ \S+ (\d)$/gm)].map(([, count]) => count);
      expect(counts).toEqual(['1', '0']);
    });
  },
);
