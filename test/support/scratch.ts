import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A directory for the tests of one file; removed when they are done. */
export function scratchDir(name: string): string {
  const path = mkdtempSync(join(tmpdir(), `ashlar-${name}-`));
  afterAll(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

export const isRoot = process.getuid?.() === 0;
