import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import { startBoth } from '../support/test-mirror.ts';

const packages = [{ name: 'one', versions: { '1.0.0': {} } }];
const paths = ['/one', '/one/-/one-1.0.0.tgz', '/one/1.0.0'];

it('requests are answered soon while another process holds the index of the cache', async () => {
  await using both = await startBoth({ packages });
  const { mirror } = both;
  const [file = ''] = readdirSync(mirror.home).filter((name) => /^usage.*\.sqlite$/.test(name));
  using other = new DatabaseSync(join(mirror.home, file));
  other.exec('BEGIN IMMEDIATE');
  const beganMs = performance.now();
  for (const path of paths) {
    expect([path, (await ask(mirror.url + path)).status]).toEqual([path, 200]);
  }
  expect(performance.now() - beganMs).toBeLessThan(4_000);
  other.exec('ROLLBACK');
  // What could not be counted was not kept; now it is.
  await mirror.core.tarballs.settled();
  for (const path of paths) expect((await ask(mirror.url + path)).status).toBe(200);
  await mirror.core.tarballs.settled();
  const again = await ask(mirror.url + (paths[1] ?? ''));
  expect(again.headers['x-ashlar-cache']).toBe('hit');
});
