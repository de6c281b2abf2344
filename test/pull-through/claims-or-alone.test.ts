import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createTempDir } from '../../src/disk/temp-dir.ts';
import { claimsOrAlone } from '../../src/pull-through/claims-or-alone.ts';
import { openHostClaims } from '../../src/pull-through/host-claims.ts';

it('grants every claim when there is no place for claims any more, and tells of it', async () => {
  await using directory = await createTempDir(tmpdir(), 'claims');
  const problems: unknown[] = [];
  await using claims = claimsOrAlone(await openHostClaims(directory.path), (error) =>
    problems.push(error),
  );
  const before = await claims.claim('key');
  expect((await claims.claim('key')).kind).toBe('theirs');
  for (const name of await readdir(directory.path))
    await rm(join(directory.path, name), { recursive: true });
  for (const key of ['key', 'key', 'other']) {
    const claim = await claims.claim(key);
    expect(claim.kind).toBe('mine');
    if (claim.kind === 'mine') await claim.release();
  }
  expect(problems).toMatchObject(Array.from({ length: 3 }, () => ({ code: 'home_unusable' })));
  if (before.kind === 'mine') await before.release();
});
