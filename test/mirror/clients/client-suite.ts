import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientId, clientOf } from '../../support/npm-clients/clients.ts';
import { installClient, type InstalledClient } from '../../support/npm-clients/install-client.ts';
import {
  type NetworkNamespace,
  openNetworkNamespace,
  whyNoNetworkNamespace,
} from '../../support/netns/network-namespace.ts';
import { createTestAuthority } from '../../support/netns/test-authority.ts';
import { openSet, whyNoSet } from '../../support/npm-registry/record-set.ts';
import type { RecordedRegistry } from '../../support/npm-registry/recorded-registry.ts';
import { startRegistryProcess } from '../../support/npm-registry/registry-process.ts';
import { publicRegistryUrl } from '../../support/npm-registry/upstream.ts';
import { scratchDir } from '../../support/scratch.ts';
import type { MirrorUnderTest, StartMirror } from './mirror-under-test.ts';
import { installWith, makeReference, type Reference } from './reference.ts';

/** `transparent`: the client knows nothing of the mirror but its CA. `conventional`: it is configured with its address. */
export type Way = 'transparent' | 'conventional';

/** The names that clients take for the public registry, in default configuration. */
export const publicHosts: readonly string[] = [
  new URL(publicRegistryUrl()).host,
  'registry.yarnpkg.com',
];

const lackOfGround = (await whyNoNetworkNamespace()) ?? (await whyNoSet('small'));

/**
 * A client installs the small set straight from the public registry (recorded), then through a mirror, both ways: cold,
 * warm, from the lockfile that it made against the public registry, and with upstream gone. What is installed is the
 * same each time. In the mirror's namespace nothing else answers to the public registry's names.
 */
export async function describeClient(id: ClientId, startMirror: StartMirror): Promise<void> {
  const client = lackOfGround ?? (await installClient(clientOf(id)));
  const lack = typeof client === 'string' ? client : null;
  describe.skipIf(lack !== null)(`${id}${lack === null ? '' : ` (${lack})`}`, () => {
    const scratch = scratchDir(`clients-${id}`);
    let reference: Reference | undefined;
    const stage: Stage = {
      startMirror,
      scratch,
      installed: () => present(typeof client === 'string' ? undefined : client),
      reference: () => present(reference),
    };
    beforeAll(async () => {
      reference = await makeStraight(stage.installed(), scratch);
    });

    it('installs straight from the public registry', () => {
      const { trees, lockfile } = stage.reference();
      expect(trees.install.length).toBeGreaterThan(200);
      expect(trees.ci.length).toBeGreaterThan(200);
      expect(lockfile).toContain('JSONStream');
    });

    describe('transparent', () => {
      describeWay('transparent', stage);
    });
    describe('conventional', () => {
      describeWay('conventional', stage);
    });
  });
}

interface Stage {
  readonly startMirror: StartMirror;
  readonly scratch: string;
  readonly installed: () => InstalledClient;
  readonly reference: () => Reference;
}

/** The tests go on from one another: the first finds the mirror empty. */
function describeWay(way: Way, { startMirror, scratch, installed, reference }: Stage): void {
  const stack = new AsyncDisposableStack();
  let upstream: RecordedRegistry;
  let mirror: MirrorUnderTest;
  let namespace: NetworkNamespace;
  beforeAll(async () => {
    // By its own address alone, a mirror answers nobody who asks for the public one.
    const hosts = way === 'transparent' ? publicHosts : [];
    namespace = stack.use(await openNetworkNamespace({ hosts }));
    const { launch } = namespace;
    upstream = stack.use(await startRegistryProcess({ set: 'small' }, launch));
    const directory = join(scratch, way);
    const start = { upstream: upstream.url, hosts: publicHosts, launch, directory };
    mirror = stack.use(await startMirror(start));
  });
  afterAll(() => stack.disposeAsync());

  const install = (name: string, lockfileFrom?: string) => {
    const directory = join(scratch, `${way}-${name}`);
    const { client } = installed();
    const lockfile = join(directory, client.lockfile);
    // Yarn 1 goes where the lockfile says, whatever it is configured with.
    const mustRewrite =
      client.family === 'yarn' && way === 'conventional' && lockfileFrom !== undefined;
    return installWith({
      installed: installed(),
      operation: lockfileFrom === undefined ? 'install' : 'ci',
      packageJson: reference().packageJson,
      directory,
      launch: namespace.launch,
      ...(way === 'transparent' ? { caFile: mirror.caFile } : { registry: mirror.url }),
      ...(lockfileFrom === undefined ? {} : { lockfileFrom }),
      ...(mustRewrite ? { prepare: () => mirror.rewriteLockfile(lockfile) } : {}),
    });
  };

  it('cold, with one fetch of each thing', async () => {
    const { tree, lockfile } = await install('cold');
    expect(tree).toEqual(reference().trees.install);
    if (way === 'transparent') expect(lockfile).toBe(reference().lockfile);
    const { requests } = await upstream.counts();
    const fetches = Object.entries(requests).filter(([resource]) => resource.startsWith('GET '));
    expect(fetches.length).toBeGreaterThanOrEqual(40);
    expect(fetches.filter(([, times]) => times > 1)).toEqual([]);
  });

  it('warm, without a fetch of a tarball', async () => {
    await upstream.resetCounts();
    expect((await install('warm')).tree).toEqual(reference().trees.install);
    expect(await fetchedTarballs(upstream)).toEqual([]);
  });

  it('from a lockfile that was made against the public registry', async () => {
    const { tree } = await install('lockfile', reference().directory);
    expect(tree).toEqual(reference().trees.ci);
    expect(await fetchedTarballs(upstream)).toEqual([]);
  });

  it('with upstream gone', async () => {
    await upstream.outage('refuse');
    expect((await install('gone')).tree).toEqual(reference().trees.install);
    const { tree } = await install('gone-lockfile', reference().directory);
    expect(tree).toEqual(reference().trees.ci);
  });
}

async function fetchedTarballs(upstream: RecordedRegistry): Promise<readonly string[]> {
  const { requests } = await upstream.counts();
  return Object.keys(requests).filter(
    (resource) => resource.includes('/-/') && resource.endsWith('.tgz'),
  );
}

async function makeStraight(installed: InstalledClient, scratch: string): Promise<Reference> {
  const { packageJson } = await openSet('small');
  const authority = createTestAuthority(publicHosts);
  const caFile = join(scratch, 'ca.pem');
  await writeFile(caFile, authority.ca);
  await using stack = new AsyncDisposableStack();
  const { launch } = stack.use(await openNetworkNamespace({ hosts: publicHosts }));
  stack.use(await startRegistryProcess({ set: 'small', tls: authority, port: 443 }, launch));
  return await makeReference({ installed, packageJson, launch, caFile }, scratch);
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('the test before this one has not made it');
  return value;
}
