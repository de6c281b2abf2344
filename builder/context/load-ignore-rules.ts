import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, systemErrorCode } from '../../src/index.ts';
import { checkIgnoreFileSize, type IgnoreRules, parseIgnoreRules } from './ignore-rules.ts';

export interface IgnorePlace {
  /** The directory of the build context. */
  readonly context: string;
  /** The Dockerfile on this machine; it need not be in the context. */
  readonly dockerfile: string;
}

/**
 * Reads the rules for a build: the file beside the Dockerfile that is called as it and `.dockerignore`, or else
 * `.dockerignore` in the context; no rules when there is neither, or a directory in its place. Throws
 * `invalid_request` where it cannot be read or is a pipe or device, and what `parseIgnoreRules` throws.
 */
export async function loadIgnoreRules({ context, dockerfile }: IgnorePlace): Promise<IgnoreRules> {
  for (const path of [`${dockerfile}.dockerignore`, join(context, '.dockerignore')]) {
    const bytes = await readIfThere(path);
    if (bytes !== null) return parseIgnoreRules(bytes, { path: baseOf(path) });
  }
  return { path: '.dockerignore', rules: [] };
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) return null;
    if (!stats.isFile()) throw unreadable(path, 'is not a regular file');
    checkIgnoreFileSize(stats.size, { path: baseOf(path) });
    return await readFile(path);
  } catch (error) {
    const code = systemErrorCode(error);
    if (error instanceof AshlarError || code === undefined) throw error;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw unreadable(path, `cannot be read (${code})`, error);
  }
}

function unreadable(path: string, what: string, cause?: unknown): AshlarError {
  return new AshlarError('invalid_request', `${path} ${what}`, {
    data: { path },
    cause,
    hint: 'Make it a readable file of patterns, or remove it.',
  });
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
