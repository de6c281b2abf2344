import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../../../src/errors/ashlar-error.ts';
import { ask, type WireAnswer } from '../../../support/npm-registry/ask.ts';
import type { PackageDescription } from '../../../support/npm-registry/made-package.ts';

/** Packages of one version each, whose tarballs have a little more than `paddingBytes`. */
export function madePackages(
  count: number,
  paddingBytes: number,
  stem = 'made',
): readonly PackageDescription[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `${stem}-${index}`,
    versions: { '1.0.0': { paddingBytes, files: { 'index.js': `// ${stem} ${index}\n` } } },
  }));
}

export function tarballPath({ name }: PackageDescription): string {
  return `/${name}/-/${name}-1.0.0.tgz`;
}

export function get(
  { url }: { readonly url: string },
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<WireAnswer> {
  return ask(`${url.slice(0, -1)}${path}`, { headers, idleMs: 40_000 });
}

export function digestOf({ status, body, end }: WireAnswer): string {
  return `${status} ${end} ${createHash('sha256').update(body).digest('hex')}`;
}

/** Bytes of all files below a directory. */
export async function bytesBelow(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map(({ parentPath, name }) => sizeIfThere(join(parentPath, name)));
  return (await Promise.all(sizes)).reduce((sum, sizeBytes) => sum + sizeBytes, 0);
}

/** What is evicted meanwhile counts no more. */
async function sizeIfThere(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}
