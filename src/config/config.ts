import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AshlarError } from '../errors/ashlar-error.ts';

export interface Config {
  /** State of this machine: caches, indexes, temporary files, kernels. Absolute. */
  readonly home: string;
  /** Where images are kept, as a URL. */
  readonly storeUrl: string;
}

/**
 * Reads ASHLAR_HOME (default /var/lib/ashlar for root, else ~/.local/share/ashlar) and ASHLAR_STORE
 * (default a directory below it). `storeUrl` given on the command line wins.
 */
export function loadConfig(env: NodeJS.ProcessEnv, storeUrl: string | undefined): Config {
  const home = env['ASHLAR_HOME'] || defaultHome();
  if (!isAbsolute(home)) {
    throw new AshlarError('config_invalid', `ASHLAR_HOME is not an absolute path: ${home}`);
  }
  const url = storeUrl ?? (env['ASHLAR_STORE'] || pathToFileURL(join(home, 'store')).href);
  return Object.freeze({ home, storeUrl: url });
}

/** Where state is kept when ASHLAR_HOME does not say. */
export function defaultHome(): string {
  return process.getuid?.() === 0
    ? '/var/lib/ashlar'
    : join(homedir(), '.local', 'share', 'ashlar');
}
