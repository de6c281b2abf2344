import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clientOf } from '../../support/npm-clients/clients.ts';
import { installClient } from '../../support/npm-clients/install-client.ts';
import { runClient } from '../../support/npm-clients/run-client.ts';
import {
  openNetworkNamespace,
  whyNoNetworkNamespace,
} from '../../support/netns/network-namespace.ts';
import { openSet, whyNoSet } from '../../support/npm-registry/record-set.ts';
import { startRegistryProcess } from '../../support/npm-registry/registry-process.ts';
import { scratchDir } from '../../support/scratch.ts';
import { publicHosts } from './client-suite.ts';
import { installWith } from './reference.ts';
import { startAshlarMirror } from './ashlar-mirror.ts';

const lack = (await whyNoNetworkNamespace()) ?? (await whyNoSet('small'));

describe.skipIf(lack !== null)(`npm audit signatures${lack === null ? '' : ` (${lack})`}`, () => {
  const scratch = scratchDir('signatures');

  /** npm 8: later ones look for keys outside of the registry first, and wait long where they cannot. */
  it('verifies packages that came through a mirror, by keys that came through it', async (ctx) => {
    const installed = await installClient(clientOf('npm8'));
    if (typeof installed === 'string') return ctx.skip(installed);
    await using stack = new AsyncDisposableStack();
    const { launch } = stack.use(await openNetworkNamespace({ hosts: [] }));
    const upstream = stack.use(await startRegistryProcess({ set: 'small' }, launch));
    const directory = join(scratch, 'mirror');
    await mkdir(directory);
    const start = { upstream: upstream.url, hosts: publicHosts, launch, directory };
    const { url } = stack.use(await startAshlarMirror(start));
    const { packageJson } = await openSet('small');
    const project = join(scratch, 'project');
    const through = { installed, registry: url, launch };
    await installWith({ ...through, operation: 'install', packageJson, directory: project });
    const audit = await runClient(installed, {
      cwd: project,
      home: `${project}.home`,
      operation: ['audit', 'signatures'],
      registry: url,
      launch,
    });
    // One package was published before there were signatures.
    expect(audit.output).toContain('23 packages have verified registry signatures');
    expect(audit.output).toContain('1 package has a missing registry signature');
    expect(audit.output).not.toContain('invalid');
    expect((await upstream.counts()).requests['GET /-/npm/v1/keys']).toBe(1);
  });
});
