import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandResult, runCommand } from '../../../src/process/run-command.ts';
import { ashlarProgram, type ServingProcess, startServing } from '../../support/serving-process.ts';
import { registryName } from './test-cache.ts';

/** `ashlar registry-cache serve` in a process of its own. */
export interface CacheProcess extends ServingProcess {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
}

export interface CacheCommandOptions {
  /** ASHLAR_HOME. */
  readonly home: string;
  /** Where the registry of the tests is fetched; it is the root. */
  readonly upstream: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Another command of the cache, on the same home. */
export async function runCacheCommand(
  command: string,
  options: CacheCommandOptions,
): Promise<CommandResult> {
  const args = [command, ...(await commonArgs(options)), ...(options.args ?? [])];
  return runCommand(ashlarProgram, ['registry-cache', ...args], {
    env: envOf(options),
    timeoutMs: 60_000,
  });
}

export async function startCacheProcess(options: CacheCommandOptions): Promise<CacheProcess> {
  const listen = ['--listen', '127.0.0.1:0', '--log', 'json'];
  const args = [...listen, ...(await commonArgs(options)), ...(options.args ?? [])];
  const env = envOf(options);
  const serving = await startServing(['registry-cache', 'serve', ...args], { env });
  return { ...serving, url: `http://127.0.0.1:${serving.ready.http.port}` };
}

async function commonArgs({ home, upstream }: CacheCommandOptions): Promise<string[]> {
  await mkdir(home, { recursive: true });
  const file = join(home, 'registry-cache-test.json');
  const registries = [{ name: registryName, endpoints: [upstream] }];
  await writeFile(file, JSON.stringify({ registries, root: registryName, onlyStated: true }));
  return ['--config', file];
}

function envOf({ home, env }: CacheCommandOptions): NodeJS.ProcessEnv {
  return { ...process.env, ...env, ASHLAR_HOME: home, ASHLAR_STORE: join(home, 'store') };
}
