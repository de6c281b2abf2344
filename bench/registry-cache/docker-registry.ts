import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChecked } from '../../src/index.ts';
import type { RegistryServer } from './registry-server.ts';

/** Debian's docker-registry as a pull-through cache, as its package configures it but for its place, its log and access. */
export const dockerRegistry: RegistryServer = {
  name: 'docker-registry',
  nameOf: (repository) => repository,
  async prepare() {
    await runChecked('docker-registry', ['--version']);
  },
  async command({ directory, port, upstream }) {
    const file = join(directory, 'config.yml');
    await writeFile(file, configText(directory, port, upstream));
    return { argv: ['docker-registry', 'serve', file] };
  },
};

function configText(directory: string, port: number, upstream: string): string {
  return `version: 0.1
log:
  level: error
  accesslog:
    disabled: true
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: ${directory}/storage
  delete:
    enabled: true
http:
  addr: 127.0.0.1:${port}
  secret: bench
proxy:
  remoteurl: ${upstream.replace(/\/$/, '')}
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
`;
}
