import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RegistryServer } from './registry-server.ts';

export const ours = 'ashlar';
const registry = 'recorded.test';

/** Ashlar's registry cache, one process, with its cache in a directory, as it is configured but for what is given. */
export function ashlarCache(config: { readonly tagMaxAgeSec?: number } = {}): RegistryServer {
  return {
    name: ours,
    nameOf: (repository) => `${registry}/${repository}`,
    async prepare() {},
    async command({ context, directory, port, upstream }) {
      const home = join(directory, 'home');
      await mkdir(home);
      const file = join(directory, 'config.json');
      await writeFile(file, JSON.stringify(config));
      const flags = ['--listen', `127.0.0.1:${port}`, '--upstream', `${registry}=${upstream}`];
      const program = join(context.repoDir, 'bin', 'ashlar');
      return {
        argv: [program, 'registry-cache', 'serve', ...flags, '--config', file, '--log', 'none'],
        env: { ASHLAR_HOME: home },
      };
    },
  };
}
