import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../src/index.ts';
import { type IgnoreRules, parseIgnoreRules } from './ignore-rules.ts';

export interface IgnorePlace {
  /** The directory of the build context. */
  readonly context: string;
  /** The Dockerfile on this machine; it need not be in the context. */
  readonly dockerfile: string;
}

/**
 * Reads the rules for a build: the file beside the Dockerfile that is called as it and `.dockerignore`, or else
 * `.dockerignore` in the context; no rules when there is neither. Throws what `parseIgnoreRules` throws.
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
    return await readFile(path);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return null;
    throw error;
  }
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
