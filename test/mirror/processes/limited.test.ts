import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../../src/process/run-command.ts';
import { startRecordedRegistry } from '../../support/npm-registry/recorded-registry.ts';
import { scratchDir } from '../../support/scratch.ts';
import { ageCache } from './support/age-cache.ts';
import { bytesBelow, digestOf, get, madePackages, tarballPath } from './support/made-up.ts';
import { ashlarProgram, type MirrorProcess, startMirrorProcess } from './support/mirror-process.ts';

interface CacheStatus {
  readonly bytes: number;
  readonly evicted: { readonly objects: number; readonly bytes: number };
}

const mebibyte = 1024 ** 2;
const limitBytes = 8 * mebibyte;

describe('two mirrors with a limit on one directory', () => {
  const scratch = scratchDir('mirror-limited');

  it('keep to it together, and evict no more than is needed', async () => {
    const old = madePackages(14, 500_000, 'old');
    const young = madePackages(8, 500_000, 'young');
    await using upstream = await startRecordedRegistry({ packages: [...old, ...young] });
    const home = join(scratch, 'home');
    const args = ['--upstream', upstream.url, '--max-cache', '8M'];
    const start = () => startMirrorProcess({ home, args });
    {
      await using filling = await start();
      for (const made of old) {
        expect((await get(filling, tarballPath(made))).status).toBe(200);
      }
    }
    await ageCache(home);
    await using first = await start();
    await using second = await start();
    const held = await bytesBelow(join(home, 'mirror/cache'));
    for (const mirror of [first, second]) {
      await expect
        .poll(async () => (await cacheOf(mirror)).bytes, { timeout: 20_000 })
        .toBeGreaterThan(held * 0.9);
    }
    const answers = young.flatMap((made) =>
      [first, second].map(async (mirror) => digestOf(await get(mirror, tarballPath(made)))),
    );
    const digests = new Set(await Promise.all(answers));
    expect(digests.size).toBe(young.length);
    expect([...digests].filter((digest) => !digest.startsWith('200 whole '))).toEqual([]);
    const kept = async (mirror: MirrorProcess): Promise<string | string[] | undefined> =>
      (await get(mirror, tarballPath(young[0] ?? { name: '', versions: {} }))).headers[
        'x-ashlar-cache'
      ];
    await expect.poll(() => kept(first)).toBe('hit');
    await expect.poll(() => kept(second)).toBe('hit');
    expect(await bytesBelow(join(home, 'mirror/cache'))).toBeLessThan(limitBytes + mebibyte / 2);
    const evicted = [await cacheOf(first), await cacheOf(second)].map(
      (cache) => cache.evicted.bytes,
    );
    const sum = evicted.reduce((left, right) => left + right, 0);
    const needed = (old.length + young.length) * 500_000 - limitBytes;
    expect(sum).toBeGreaterThan(needed * 0.8);
    expect(sum).toBeLessThan(needed * 1.6);
    const verified = await runCommand(ashlarProgram, ['mirror', 'verify'], { env: first.env });
    expect(verified.exitCode).toBe(0);
  });
});

async function cacheOf(mirror: MirrorProcess): Promise<CacheStatus> {
  const { body } = await get(mirror, '/-/ashlar/status');
  return (JSON.parse(body.toString()) as { cache: CacheStatus }).cache;
}
