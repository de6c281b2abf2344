import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChecked, runCommand } from '../../../src/process/run-command.ts';

/** buildah with a storage of its own, in which the base of a bench is `localhost/base:test`. */
export interface Buildah extends AsyncDisposable {
  /** Builds with chroot isolation and runs `use` on the resulting root file system. */
  build<T>(
    request: { dockerfile: string; context: string; args?: readonly string[] },
    use: (root: string) => Promise<T>,
  ): Promise<T>;
}

const timeoutMs = 60_000;

/** Why buildah cannot be asked, or empty. */
export const whyNoBuildah = await whyNot();

async function whyNot(): Promise<string> {
  if (process.getuid?.() !== 0) return 'needs root';
  const found = await runCommand('sh', ['-c', 'command -v buildah']);
  return found.exitCode === 0 ? '' : 'needs buildah';
}

export async function openBuildah(directory: string, baseArchive: string): Promise<Buildah> {
  const storage = [
    '--storage-driver=vfs',
    `--root=${join(directory, 'buildah')}`,
    `--runroot=${join(directory, 'buildah-run')}`,
  ];
  const buildah = async (...args: string[]): Promise<string> =>
    (await runChecked('buildah', [...storage, ...args], { timeoutMs })).stdout.toString().trim();
  const container = await buildah('from', 'scratch');
  const root = await buildah('mount', container);
  const attributes = ['--xattrs', '--xattrs-include=*', '--numeric-owner'];
  execFileSync('tar', [...attributes, '-C', root, '-xpf', baseArchive]);
  await buildah('commit', '--quiet', container, 'base:test');
  await buildah('rm', container);
  return {
    async build({ dockerfile, context, args = [] }, use) {
      const file = join(directory, 'buildah.Dockerfile');
      await writeFile(file, dockerfile);
      // prettier-ignore
      const fixed = ['--quiet', '--isolation=chroot', '--format=docker', '--pull-never', '--layers=false'];
      const image = await buildah('bud', ...fixed, ...args, '-f', file, context);
      const built = await buildah('from', '--pull-never', image);
      try {
        return await use(await buildah('mount', built));
      } finally {
        await buildah('rm', built);
        await buildah('rmi', image);
      }
    },
    async [Symbol.asyncDispose]() {
      await buildah('rm', '--all');
      await buildah('rmi', '--all', '--force');
    },
  };
}
