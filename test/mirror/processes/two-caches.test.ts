import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { startRecordedRegistry } from '../../support/npm-registry/recorded-registry.ts';
import { scratchDir } from '../../support/scratch.ts';
import { get, madePackages, tarballPath } from './support/made-up.ts';
import { type MirrorProcess, startMirrorProcess } from './support/mirror-process.ts';

const scratch = scratchDir('mirror-caches');

it('two caches that are used from one home are counted apart', async () => {
  const packages = madePackages(2, 100_000);
  await using upstream = await startRecordedRegistry({ packages });
  const home = join(scratch, 'home');
  const start = (cache: string): Promise<MirrorProcess> => {
    const url = pathToFileURL(join(scratch, cache)).href;
    return startMirrorProcess({ home, args: ['--upstream', upstream.url, '--cache', url] });
  };
  await using first = await start('a');
  await using second = await start('b');
  for (const made of packages)
    expect(await get(first, tarballPath(made))).toMatchObject({ status: 200, end: 'whole' });
  await expect.poll(() => bytesOf(first)).toBeGreaterThan(200_000);
  expect(await bytesOf(second)).toBe(0);
});

async function bytesOf(mirror: MirrorProcess): Promise<number> {
  const { body } = await get(mirror, '/-/ashlar/status');
  return (JSON.parse(body.toString()) as { cache: { bytes: number } }).cache.bytes;
}
