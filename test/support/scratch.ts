import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

/**
 * A directory for the tests of one file or `describe`: made before the first of them, removed when they are done. Where
 * all of them are skipped, and so no hook runs, there is none.
 */
export function scratchDir(name: string): string {
  const path = join(tmpdir(), `ashlar-${name}-${randomBytes(6).toString('hex')}`);
  beforeAll(() => {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  });
  afterAll(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

export const isRoot = process.getuid?.() === 0;
