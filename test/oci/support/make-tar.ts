import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A tar of these files, made by GNU tar, the same in every run. */
export function makeTar(files: Readonly<Record<string, string | Buffer>>): Buffer {
  const root = mkdtempSync(join(tmpdir(), 'ashlar-tar-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), content);
    }
    return tarOf(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** A tar of all that a directory holds. */
export function tarOf(root: string, ...flags: readonly string[]): Buffer {
  const fixed = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  const args = [...fixed, ...flags, '-cf', '-', '-C', root, '.'];
  return execFileSync('tar', args, { maxBuffer: 1 << 28 });
}
