import { chownSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll } from 'vitest';
import { certificatesIn } from '../../../../mirror/trust/pem-certificates.ts';
import { inspectTrust } from '../../../../mirror/trust/trust.ts';
import { type TrustClient, trustClients } from '../../../../mirror/trust/trust-client.ts';
import type { TrustPlace } from '../../../../mirror/trust/trust-context.ts';
import { openTlsAuthority } from '../../../../src/tls/authority.ts';
import { isRoot, scratchDir } from '../../../support/scratch.ts';
import { debianRoot, makeRoot, type RootSketch } from './root-tree.ts';

/** The certificates of two authorities, made before the first test, and root file systems to install them in. */
export interface TrustBench {
  readonly scratch: string;
  certificates(): readonly string[];
  later(): readonly string[];
  /** Makes a root file system: Debian's, and these files. */
  root(more?: RootSketch): string;
  place(path: string, pems?: readonly string[]): TrustPlace;
  states(path: string, pems?: readonly string[]): Promise<Partial<Record<TrustClient, string>>>;
  /** What is left to people, each once. */
  problems(path: string): Promise<string[]>;
}

export const bundle = '/etc/ashlar/trust/bundle.pem';

export function trustBench(name: string): TrustBench {
  const scratch = scratchDir(name);
  const made: Record<'first' | 'later', readonly string[]> = { first: [], later: [] };
  let count = 0;
  beforeAll(async () => {
    for (const which of ['first', 'later'] as const) {
      const options = { hosts: ['registry.npm.test'], nowMs: Date.now };
      const authority = await openTlsAuthority({ directory: join(scratch, which), ...options });
      made[which] = certificatesIn(await authority.caBundlePem());
    }
  });
  const place: TrustBench['place'] = (path, pems = made.first) => ({
    root: path,
    certificates: pems,
    env: {},
    directory: '/',
  });
  return {
    scratch,
    certificates: () => made.first,
    later: () => made.later,
    root(more = {}) {
      const path = makeRoot(join(scratch, `root-${(count += 1)}`), { ...debianRoot, ...more });
      if (isRoot) chownSync(join(path, 'home/ada'), 1000, 1000);
      return path;
    },
    place,
    async states(path, pems) {
      const trusts = await inspectTrust(place(path, pems), trustClients);
      return Object.fromEntries(trusts.map(({ client, state }) => [client, state]));
    },
    async problems(path) {
      const trusts = await inspectTrust(place(path), trustClients);
      const told = trusts
        .flatMap(({ parts }) => parts)
        .flatMap(({ path: file, problem }) =>
          problem === null ? [] : [`${file} ${problem.words}`],
        );
      return [...new Set(told)];
    },
  };
}
