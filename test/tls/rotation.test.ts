import { chmod, cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openTlsAuthority, type TlsAuthority } from '../../src/tls/authority.ts';
import { scratchDir } from '../support/scratch.ts';
import { connectTls, startTlsServer } from './support/tls-server.ts';

const scratch = scratchDir('tls-rotation');
const dayMs = 24 * 3600_000;
const yearMs = 365 * dayMs;
const host = 'registry.npm.test';
const added = 'registry.added.test';

/** When the authority begins that most cases start with: they have copies of it, as making one takes time. */
const startMs = Date.now();
const made = join(scratch, 'made');
beforeAll(async () => {
  await openTlsAuthority({ directory: made, hosts: [host], nowMs: () => startMs });
});

/** An authority on a clock that is set by hand. */
async function at(name: string, problems: unknown[] = []) {
  const clock = { nowMs: startMs };
  await cp(made, join(scratch, name), { recursive: true });
  const open = (...hosts: readonly string[]): Promise<TlsAuthority> =>
    openTlsAuthority({
      directory: join(scratch, name),
      hosts,
      nowMs: () => clock.nowMs,
      onProblem: (error) => problems.push(error),
    });
  return { clock, open, authority: await open(host) };
}

const numberOf = (pem: string): number => pem.split('BEGIN CERTIFICATE').length - 1;
const signing = async (authority: TlsAuthority): Promise<(readonly string[])[]> =>
  (await authority.facts()).authorities.map(({ signs }) => signs);

describe('a leaf', () => {
  it('is renewed when a third of its life is left, while the old one serves', async () => {
    const { clock, authority } = await at('renewed');
    const first = await authority.secureContextFor(host);
    clock.nowMs += 19 * dayMs;
    expect(await authority.secureContextFor(host)).toBe(first);
    clock.nowMs += 2 * dayMs;
    expect(await authority.secureContextFor(host)).toBe(first);
    await expect.poll(() => authority.secureContextFor(host)).not.toBe(first);
    const { leaves } = await authority.facts();
    expect(leaves).toEqual([{ host, notAfterMs: clock.nowMs + 30 * dayMs }]);
  });

  it('that has ended is not served any more', async () => {
    const { clock, authority } = await at('ended');
    const first = await authority.secureContextFor(host);
    clock.nowMs += 30 * dayMs;
    expect(await authority.secureContextFor(host)).not.toBe(first);
  });

  it('that cannot be renewed serves to its end, and the reason is told, once a minute', async () => {
    const problems: unknown[] = [];
    const { clock, authority } = await at('stuck', problems);
    const first = await authority.secureContextFor(host);
    const file = join(scratch, 'stuck', 'authority-0001.pem');
    await chmod(file, 0o640);
    clock.nowMs += 25 * dayMs;
    for (let call = 0; call < 5; call += 1)
      expect(await authority.secureContextFor(host)).toBe(first);
    await expect
      .poll(() => problems)
      .toEqual([expect.objectContaining({ code: 'authority_unsafe' })]);
    expect(await authority.secureContextFor(host)).toBe(first);
    expect(problems).toHaveLength(1);
    await chmod(file, 0o600);
    clock.nowMs += 61_000;
    expect(await authority.secureContextFor(host)).toBe(first);
    await expect.poll(() => authority.secureContextFor(host)).not.toBe(first);
    expect(problems).toHaveLength(1);
  });

  it('that cannot be renewed is refused after its end', async () => {
    const { clock, authority } = await at('refused');
    await authority.secureContextFor(host);
    await chmod(join(scratch, 'refused', 'authority-0001.pem'), 0o604);
    clock.nowMs += 31 * dayMs;
    await expect(authority.secureContextFor(host)).rejects.toMatchObject({
      code: 'authority_unsafe',
    });
  });
});

describe('an authority near its end', () => {
  it('gets a successor a year before, and leaves signing to it a month before', async () => {
    const { clock, authority } = await at('succession');
    const only = await authority.caBundlePem();
    clock.nowMs += 2 * yearMs - dayMs;
    expect(await authority.caBundlePem()).toBe(only);
    clock.nowMs += 2 * dayMs;
    const both = await authority.caBundlePem();
    expect([numberOf(both), both.startsWith(only)]).toEqual([2, true]);
    expect(await signing(authority)).toEqual([[host], []]);
    clock.nowMs += yearMs - 30 * dayMs;
    expect(await signing(authority)).toEqual([[], [host]]);
    expect(await authority.caBundlePem()).toBe(both);
    clock.nowMs += 30 * dayMs;
    expect(only + (await authority.caBundlePem())).toBe(both);
  });

  it('is trusted on by machines that know it alone', async () => {
    const options = { directory: join(scratch, 'overlap'), hosts: [host] };
    const longAgo = startMs - 2 * yearMs - dayMs;
    const old = await (await openTlsAuthority({ ...options, nowMs: () => longAgo })).caBundlePem();
    const authority = await openTlsAuthority({ ...options, nowMs: Date.now });
    expect(numberOf(await authority.caBundlePem())).toBe(2);
    await using server = await startTlsServer({ SNICallback: authority.sniCallback });
    const { authorized } = await connectTls(server.port, { servername: host, ca: old });
    expect(authorized).toBe(true);
  });

  it('signs to its very end when its successor came late, until that was published for a week', async () => {
    const { clock, open } = await at('late');
    clock.nowMs += 3 * yearMs - 10 * dayMs;
    const authority = await open(host);
    expect(await signing(authority)).toEqual([[host], []]);
    await authority.secureContextFor(host);
    const { leaves, authorities } = await authority.facts();
    expect(leaves[0]?.notAfterMs).toBe(authorities[0]?.notAfterMs);
    clock.nowMs += 7 * dayMs;
    expect(await signing(authority)).toEqual([[], [host]]);
  });

  it('is not replaced for a clock that was wrong for a while', async () => {
    const { clock, authority, open } = await at('clock');
    const before = await authority.caBundlePem();
    const right = clock.nowMs;
    clock.nowMs += 20 * yearMs;
    expect(await (await open(host)).caBundlePem()).not.toContain(before);
    clock.nowMs = 0;
    await open(host);
    clock.nowMs = right;
    const again = await open(host);
    expect(await again.caBundlePem()).toBe(before);
    expect(await readdir(join(scratch, 'clock'))).toHaveLength(3);
  });
});

describe('a host that is added', () => {
  it('is signed for by a new authority at once; the old one goes on for the others', async () => {
    const { authority, open } = await at('added');
    const old = await authority.caBundlePem();
    const grown = await open(host, added);
    const both = await grown.caBundlePem();
    expect([numberOf(both), both.startsWith(old)]).toEqual([2, true]);
    expect(await signing(grown)).toEqual([[host], [added]]);
    await using server = await startTlsServer({ SNICallback: grown.sniCallback });
    await connectTls(server.port, { servername: host, ca: old });
    await connectTls(server.port, { servername: added, ca: both });
    await expect(connectTls(server.port, { servername: added, ca: old })).rejects.toThrow(
      'certificate',
    );
    expect(await (await open(host, added)).caBundlePem()).toBe(both);
    expect(await (await open(added)).caBundlePem()).toBe(both);
  });

  it('is known to a process that was there before in what it publishes', async () => {
    const { authority, open } = await at('shared');
    const grown = await (await open(host, added)).caBundlePem();
    expect(await authority.caBundlePem()).toBe(grown);
    expect(await authority.secureContextFor(added)).toBeNull();
  });
});
