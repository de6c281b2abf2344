import { createHash } from 'node:crypto';
import { readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Registry } from '../../../mirror/registries/registry.ts';
import { publicView } from '../../../mirror/registries/view.ts';
import { createRequestLedger } from '../../../src/ledger/request-ledger.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import type { PackageDescription } from '../../support/npm-registry/made-package.ts';
import {
  type RecordedRegistry,
  startRecordedRegistry,
} from '../../support/npm-registry/recorded-registry.ts';
import { mountTmpfs, type TmpfsMount, whyNoMount } from '../../support/tmpfs-mount.ts';
import { registryHost, startTestMirror, type TestMirror } from '../support/test-mirror.ts';

const reason = await whyNoMount();
const names = Array.from({ length: 12 }, (_, at) => `one-${at}`);
const packages: PackageDescription[] = names.map((name) => ({
  name,
  versions: { '1.0.0': { paddingBytes: 1_500_000 } },
}));
packages.push({ name: 'large', versions: { '1.0.0': { paddingBytes: 6_000_000 } } });
packages.push({ name: 'larger', versions: { '1.0.0': { paddingBytes: 16_000_000 } } });

describe.skipIf(reason !== null)(
  `a disk that is full${reason === null ? '' : `: ${reason}`}`,
  () => {
    const opened = new AsyncDisposableStack();
    let disk: TmpfsMount;
    let registry: RecordedRegistry;
    let mirror: TestMirror;
    beforeAll(async () => {
      disk = opened.use(await mountTmpfs(14 * 1024 ** 2));
      registry = opened.use(await startRecordedRegistry({ packages, publicHost: registryHost }));
      mirror = opened.use(
        await startTestMirror({ upstreams: [registry.url], home: disk.path, spareMs: 100 }),
      );
    });
    afterAll(() => opened.disposeAsync());

    it('makes room for what is asked for now, by what was used longest ago', async () => {
      for (const name of names) {
        const answer = await ask(`${mirror.url}/${name}/-/${name}-1.0.0.tgz`);
        expect(answer).toMatchObject({ status: 200, end: 'whole' });
        expect(answer.body.equals(await fromUpstream(name))).toBe(true);
      }
      await mirror.core.tarballs.settled();
      const { bavail, bsize } = await statfs(disk.path);
      expect(bavail * bsize).toBeLessThan(8 * 1024 ** 2);
      const last = names.at(-1) ?? '';
      expect((await ask(`${mirror.url}/${last}/-/${last}-1.0.0.tgz`)).status).toBe(200);
    });

    it('one that goes through a file while it arrives has room made for it', async () => {
      const answer = await ask(`${mirror.url}/large/-/large-1.0.0.tgz`);
      expect(answer).toMatchObject({ status: 200, end: 'whole' });
      expect(sha(answer.body)).toBe(sha(await fromUpstream('large')));
    });

    it('one that never fits is an honest error, and all else is served', async () => {
      const answer = await ask(`${mirror.url}/larger/-/larger-1.0.0.tgz`);
      expect(answer.status === 507 || answer.end === 'broken').toBe(true);
      const view = publicView(mirror.core.registries.all[0] as Registry);
      const tarball = { view, name: 'larger', file: 'larger-1.0.0.tgz' };
      const asking = { ledger: createRequestLedger(), signal: AbortSignal.timeout(20_000) };
      {
        using found = await mirror.core.tarballs.find(tarball, asking);
        if (found.kind !== 'arriving') throw new TypeError('it was kept');
        await expect(found.transfer.verified).rejects.toMatchObject({ code: 'disk_full' });
      }
      await expect.poll(() => readdir(join(disk.path, 'spool'))).toEqual([]);
      expect((await ask(`${mirror.url}/one-0`)).status).toBe(200);
      expect((await ask(`${mirror.url}/one-1/-/one-1-1.0.0.tgz`)).status).toBe(200);
    });

    async function fromUpstream(name: string): Promise<Buffer> {
      return (await ask(`${registry.url}${name}/-/${name}-1.0.0.tgz`)).body;
    }
  },
);

describe.skipIf(reason !== null)('a disk that others have filled', () => {
  it('what cannot be kept is passed on', async () => {
    await using disk = await mountTmpfs(3 * 1024 ** 2);
    await using registry = await startRecordedRegistry({
      packages: packages.slice(0, 3),
      publicHost: registryHost,
    });
    await using mirror = await startTestMirror({ upstreams: [registry.url], home: disk.path });
    const { bavail, bsize } = await statfs(disk.path);
    await writeFile(`${disk.path}/others`, Buffer.alloc(Math.max(0, bavail * bsize - 200_000)));
    for (const name of names.slice(0, 3)) {
      expect(await ask(`${mirror.url}/${name}`)).toMatchObject({ status: 200, end: 'whole' });
      const answer = await ask(`${mirror.url}/${name}/-/${name}-1.0.0.tgz`);
      expect(answer).toMatchObject({ status: 200, end: 'whole' });
    }
    await mirror.core.tarballs.settled();
    expect(mirror.notKept).toHaveLength(3);
    await rm(`${disk.path}/others`);
  });
});

function sha(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
