import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createTempDir } from '../../src/index.ts';
import type { BenchContext } from '../benchmark.ts';
import { type CacheServer, type RunningServer, startServer } from '../mirror/cache-server.ts';

/** What answers pulls and is measured. */
export interface RegistryServer extends CacheServer {
  /** How clients of it name a repository of upstream. */
  nameOf(repository: string): string;
}

/** Starts a server with nothing in its cache, does something with it, ends it and removes what it kept. */
export async function withServer<T>(
  server: RegistryServer,
  place: { readonly context: BenchContext; readonly upstream: string },
  use: (running: RunningServer) => Promise<T>,
): Promise<T> {
  const { context, upstream } = place;
  await server.prepare(context);
  await using kept = await createTempDir(context.workDir, 'server');
  const directory = join(kept.path, 'state');
  await mkdir(directory);
  await using running = await startServer(server, { context, directory, upstream });
  return await use(running);
}
