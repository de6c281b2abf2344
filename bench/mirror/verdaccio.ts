import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, createTempDir, systemErrorCode } from '../../src/index.ts';
import type { BenchContext } from '../benchmark.ts';
import { run } from '../commands.ts';
import type { CacheServer } from './cache-server.ts';

const version = '6.10.4';

/** verdaccio in its default configuration, but for its address, its log and its upstream. */
export const verdaccio: CacheServer = {
  name: `verdaccio ${version}`,
  async prepare(context) {
    if (await isThere(programOf(context))) return;
    await using making = await createTempDir(context.cacheDir, 'verdaccio');
    const made = join(making.path, 'made');
    await mkdir(made);
    // One of its dependencies asks for a dist-tag of node-fetch that not every registry lists.
    const project = {
      private: true,
      dependencies: { verdaccio: version },
      overrides: { 'node-fetch': '2.6.7' },
    };
    await writeFile(join(made, 'package.json'), JSON.stringify(project));
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts'];
    await run(context, { argv: ['npm', 'install', ...quiet], cwd: made });
    await rm(directoryOf(context), { recursive: true, force: true });
    await rename(made, directoryOf(context));
  },
  async command({ context, directory, port, upstream }) {
    if (!(await isThere(programOf(context)))) {
      throw new AshlarError('tool_missing', 'verdaccio is not installed');
    }
    const file = join(directory, 'config.yaml');
    await writeFile(file, configText(directory, upstream));
    const listen = ['--listen', `127.0.0.1:${port}`];
    return { argv: [process.execPath, programOf(context), '--config', file, ...listen] };
  },
};

function directoryOf({ cacheDir }: BenchContext): string {
  return join(cacheDir, `verdaccio-${version}`);
}

function programOf(context: BenchContext): string {
  return join(directoryOf(context), 'node_modules/verdaccio/bin/verdaccio');
}

function configText(directory: string, upstream: string): string {
  return `storage: ${directory}/storage
uplinks:
  upstream:
    url: ${upstream}
packages:
  '@*/*':
    access: $all
    proxy: upstream
  '**':
    access: $all
    proxy: upstream
log: { type: stdout, format: pretty, level: warn }
`;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
