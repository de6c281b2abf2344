import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Launch } from '../../../support/recorded-upstream/called-process.ts';
import { type ServingProcess, startServing } from '../../../support/serving-process.ts';

export { ashlarProgram } from '../../../support/serving-process.ts';

/** `ashlar mirror serve` in a process of its own. */
export interface MirrorProcess extends ServingProcess {
  /** `http://127.0.0.1:PORT/`. */
  readonly url: string;
  /** The environment that other commands need to use the same home. */
  readonly env: NodeJS.ProcessEnv;
}

export interface MirrorProcessOptions {
  /** ASHLAR_HOME; made where it is missing. */
  readonly home: string;
  /** Written to a file that it is given with `--config`. */
  readonly config?: object;
  /** Default: a free port for plain http, and no TLS. */
  readonly listen?: readonly string[];
  /** Options besides. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Puts it elsewhere, as into a network namespace. */
  readonly launch?: Launch;
}

const serve = ['mirror', 'serve', '--log', 'json'];

export async function startMirrorProcess(options: MirrorProcessOptions): Promise<MirrorProcess> {
  const { home, config, launch } = options;
  await mkdir(home, { recursive: true });
  const configFile = join(home, 'mirror.json');
  if (config !== undefined) await writeFile(configFile, JSON.stringify(config));
  const args = [
    ...serve,
    ...(options.listen ?? ['--listen', '127.0.0.1:0', '--no-tls']),
    ...(config === undefined ? [] : ['--config', configFile]),
    ...(options.args ?? []),
  ];
  const env = {
    ...process.env,
    ...options.env,
    ASHLAR_HOME: home,
    ASHLAR_STORE: join(home, 'store'),
  };
  const serving = await startServing(args, { env, launch });
  return { ...serving, url: `http://127.0.0.1:${serving.ready.http.port}/`, env };
}
