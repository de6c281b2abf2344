import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BenchContext } from './benchmark.ts';
import type { BenchCommand } from './commands.ts';

/** Ashlar's command line with a home and a store of its own. */
export interface Ashlar {
  readonly home: string;
  readonly storeDir: string;
  readonly storeUrl: string;
  /** A command of it, to be run; the result is one JSON document on stdout. */
  command(args: readonly string[], env?: Readonly<Record<string, string>>): BenchCommand;
}

/** State and store lie below `directory`, which need not exist. */
export function ashlarIn(context: BenchContext, directory: string): Ashlar {
  const home = join(directory, 'home');
  const storeDir = join(directory, 'store');
  const storeUrl = pathToFileURL(storeDir).href;
  return {
    home,
    storeDir,
    storeUrl,
    command: (args, env = {}) => ({
      argv: [join(context.repoDir, 'bin', 'ashlar'), ...args, '--output', 'json'],
      env: { ASHLAR_HOME: home, ASHLAR_STORE: storeUrl, ...env },
    }),
  };
}

/** Bytes of all objects of a store in a directory. */
export async function storedBytes(storeDir: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(storeDir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}
