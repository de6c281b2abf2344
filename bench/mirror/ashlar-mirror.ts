import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CacheServer } from './cache-server.ts';

/** Ashlar's mirror, one process, with its cache in a directory. */
export const ashlarMirror: CacheServer = {
  name: 'ashlar',
  async prepare() {},
  async command({ context, directory, port, upstream }) {
    const home = join(directory, 'home');
    await mkdir(home);
    const listen = ['--listen', `127.0.0.1:${port}`, '--upstream', upstream];
    return {
      argv: [join(context.repoDir, 'bin', 'ashlar'), 'mirror', 'serve', ...listen, '--log', 'text'],
      env: { ASHLAR_HOME: home },
    };
  },
};
