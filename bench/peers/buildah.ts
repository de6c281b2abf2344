import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, runCommand } from '../../src/index.ts';
import type { BenchContext } from '../benchmark.ts';
import { quoted, run } from '../commands.ts';

/** buildah with a storage of its own, which is removed on disposal. */
export interface Buildah extends AsyncDisposable {
  readonly driver: 'overlay' | 'vfs';
  /** The command with its options for the storage. */
  readonly argv: readonly string[];
  /** The same for a script. */
  readonly line: string;
  /** Makes an image of one layer from the tar file of a root file system. */
  importTar(archive: string, name: string): Promise<void>;
}

export async function openBuildah(context: BenchContext): Promise<Buildah> {
  const root = join(context.workDir, 'buildah');
  const argvOf = (driver: string): readonly string[] => {
    const storage = ['--root', root, '--runroot', `${root}-run`, '--storage-driver', driver];
    return ['buildah', ...storage];
  };
  const driver = await workingDriver(context, argvOf);
  const argv = argvOf(driver);
  return {
    driver,
    argv,
    line: argv.map(quoted).join(' '),
    async importTar(archive, name) {
      const { stdout } = await run(context, { argv: [...argv, 'from', 'scratch'] });
      await run(context, { argv: [...argv, 'add', '-q', stdout, archive, '/'] });
      await run(context, { argv: [...argv, 'commit', '-q', '--rm', stdout, name] });
    },
    async [Symbol.asyncDispose]() {
      context.say('# removes the storage of buildah');
      for (const args of [
        ['rm', '--all'],
        ['rmi', '--all', '--force'],
      ])
        await runCommand('buildah', [...argv.slice(1), ...args]);
      // The overlay driver mounts its directory onto itself.
      await runCommand('umount', ['--quiet', join(root, 'overlay')]);
      await rm(root, { recursive: true, force: true });
      await rm(`${root}-run`, { recursive: true, force: true });
    },
  };
}

/** Arguments by which commands in a build of buildah trust the certificates that this machine needs. */
export function buildahTrust(context: BenchContext): readonly string[] {
  if (context.caFile === undefined) return [];
  const guestPath = '/run/bench-ca.pem';
  return [
    '--volume',
    `${context.caFile}:${guestPath}:ro`,
    '--build-arg',
    `NODE_EXTRA_CA_CERTS=${guestPath}`,
  ];
}

async function workingDriver(
  context: BenchContext,
  argvOf: (driver: string) => readonly string[],
): Promise<'overlay' | 'vfs'> {
  for (const driver of ['overlay', 'vfs'] as const) {
    try {
      const argv = argvOf(driver);
      const { stdout } = await run(context, { argv: [...argv, 'from', 'scratch'] });
      await run(context, { argv: [...argv, 'mount', stdout] });
      await run(context, { argv: [...argv, 'rm', stdout] });
      return driver;
    } catch (error) {
      if (!(error instanceof AshlarError) || error.code !== 'internal') throw error;
      context.say(`# the storage driver ${driver} does not work here: ${error.message}`);
    }
  }
  throw new AshlarError('internal', 'no storage driver of buildah works on this machine');
}
