import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createTempDir } from '../../../src/disk/temp-dir.ts';

export interface DockerRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
}

export interface DockerRegistryOptions {
  /** Lines of YAML: the `auth` section. */
  readonly auth?: readonly string[];
  /** Files in PEM form. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** Starts Debian's docker-registry on a free port of loopback, with a directory that goes with it. */
export async function startDockerRegistry(
  options: DockerRegistryOptions = {},
): Promise<DockerRegistry> {
  const { auth = [], tls } = options;
  const directory = await createTempDir(tmpdir(), 'ashlar-registry');
  const config = join(directory.path, 'config.yml');
  const lines = [
    'version: 0.1',
    'log: { level: info }',
    `storage: { filesystem: { rootdirectory: ${directory.path}/data } }`,
    'http:',
    '  addr: 127.0.0.1:0',
    '  secret: for-tests',
    ...(tls === undefined ? [] : [`  tls: { certificate: ${tls.certificate}, key: ${tls.key} }`]),
    ...auth,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const child = spawn('docker-registry', ['serve', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = once(child, 'close');
  const port = Promise.withResolvers<string>();
  const said: string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    said.push(line);
    const found = /listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (found !== undefined) port.resolve(found);
  });
  child.on('close', () => port.reject(new Error(said.slice(-5).join('\n'))));
  return {
    host: `127.0.0.1:${await port.promise}`,
    async [Symbol.asyncDispose]() {
      child.kill();
      await closed;
      await directory[Symbol.asyncDispose]();
    },
  };
}
