import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AshlarError } from '../../../src/index.ts';
import { type BuildBench, createBuildBench } from './fixture.ts';
import { imageKey } from '../../../src/store/store-paths.ts';
import { isRoot } from '../../support/scratch.ts';

const why = isRoot ? '' : 'needs root';
let bench: BuildBench;

beforeAll(async () => {
  if (why === '') bench = await createBuildBench();
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

const noRegistry = (reference: string): never => {
  throw new AshlarError('registry_unavailable', `${reference}: no registry here`, {
    hint: 'Try again later.',
  });
};

describe.skipIf(why !== '')(`the base that FROM names ${why}`, () => {
  it('may be a digest of the store', async () => {
    const built = await bench.build(`FROM ${bench.base}\nENV A=b\n`);
    const named = await bench.build('FROM base:test\nENV A=b\n');
    expect(built.digest).toBe(named.digest);
    expect(built.events).toContainEqual(
      expect.objectContaining({ kind: 'base', digest: bench.base, from: 'store' }),
    );
  });

  it('is not looked for in a registry when it is a digest that the store does not have', async () => {
    const missing = `blake3:${'7'.padStart(64, '0')}`;
    await expect(
      bench.build(`FROM ${missing}\n`, { openRegistryImage: noRegistry }),
    ).rejects.toMatchObject({ code: 'base_not_found', data: { line: 1 } });
  });

  it('is named with its tag and its line when the image of the tag is gone', async () => {
    const { digest } = await bench.build(`FROM ${bench.base}\nENV A=gone\n`, { tags: ['gone:v1'] });
    await bench.store.objects.delete(imageKey(digest, 'root'));
    await expect(
      bench.build('# a comment\nFROM gone:v1\n', { openRegistryImage: noRegistry }),
    ).rejects.toMatchObject({
      code: 'base_not_found',
      message: expect.stringMatching(
        new RegExp(`Dockerfile:2: the tag gone:v1 names the image ${digest}, which is not`),
      ) as string,
      hint: expect.stringContaining('ashlar image rm gone:v1') as string,
    });
  });

  it('is said to be in neither place when a name without a host is in none', async () => {
    await expect(
      bench.build('FROM bas:12\n', { openRegistryImage: noRegistry }),
    ).rejects.toMatchObject({
      code: 'registry_unavailable',
      message: expect.stringMatching(/the store has no image bas:12, and the registry: /) as string,
      hint: expect.stringContaining('ashlar image ls') as string,
    });
  });

  it('is the one of the registry alone when it names one', async () => {
    await expect(
      bench.build('FROM example.org/bas:12\n', { openRegistryImage: noRegistry }),
    ).rejects.toMatchObject({ message: expect.not.stringContaining('the store has no') as string });
  });
});
