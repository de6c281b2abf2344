import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where tests keep what they fetched once, over runs: `$ASHLAR_TEST_CACHE`, by default below the user's cache. */
export function testCacheDir(): string {
  return process.env['ASHLAR_TEST_CACHE'] || join(homedir(), '.cache', 'ashlar-tests');
}
