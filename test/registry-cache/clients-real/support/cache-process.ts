import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Launch } from '../../../support/recorded-upstream/called-process.ts';
import { type ServingProcess, startServing } from '../../../support/serving-process.ts';

export { ashlarProgram } from '../../../support/serving-process.ts';

/** `ashlar registry-cache serve` in a process of its own. */
export interface CacheProcess extends ServingProcess {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  /** Where it has TLS; null for nowhere. */
  readonly tlsPort: number | null;
  /** The environment that other commands need to use the same home. */
  readonly env: NodeJS.ProcessEnv;
}

export interface CacheProcessOptions {
  /** ASHLAR_HOME; made where it is missing. */
  readonly home: string;
  /** Written to a file that it is given with `--config`. */
  readonly config?: object;
  /** Options besides; default: a free port. */
  readonly args?: readonly string[];
  readonly listen?: string;
  /** Variables besides. */
  readonly env?: NodeJS.ProcessEnv;
  /** Makes it run elsewhere, as in a network namespace. */
  readonly launch?: Launch;
}

export async function startCacheProcess(options: CacheProcessOptions): Promise<CacheProcess> {
  const { home, config, args = [], listen = '127.0.0.1:0', launch } = options;
  await mkdir(home, { recursive: true });
  const flags = ['--log', 'json', '--listen', listen, ...args];
  if (config !== undefined) {
    const file = join(home, 'registry-cache.json');
    await writeFile(file, JSON.stringify(config));
    flags.push('--config', file);
  }
  const own = { ASHLAR_HOME: home, ASHLAR_STORE: '', ASHLAR_REGISTRY_CACHE: '' };
  const env = { ...process.env, ...own, ...options.env };
  const serving = await startServing(['registry-cache', 'serve', ...flags], { env, launch });
  const { http, tls } = serving.ready;
  const url = `http://127.0.0.1:${http.port}`;
  return { ...serving, url, port: http.port, tlsPort: tls?.port ?? null, env };
}
