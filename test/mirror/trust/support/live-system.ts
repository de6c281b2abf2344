import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandResult, runCommand } from '../../../../src/process/run-command.ts';

const repository = join(import.meta.dirname, '../../../..');

/**
 * This machine's own root file system, under which changes go to a place that is thrown away: programs run in it as they
 * do on the machine, with its real store of certificates.
 */
export interface LiveSystem {
  /** Runs a shell script in it, each time with what earlier ones left. */
  sh(script: string, env?: NodeJS.ProcessEnv): Promise<CommandResult>;
}

export async function createLiveSystem(scratch: string): Promise<LiveSystem> {
  const directory = await mkdtemp(join(scratch, 'live-'));
  await mkdir(join(directory, 'root'));
  const enter = join(directory, 'enter.sh');
  await writeFile(enter, script);
  return {
    sh: (text, env = {}) =>
      runCommand(
        'unshare',
        ['--mount', 'sh', '-eu', enter, directory, repository, tmpdir(), text],
        {
          env: { PATH: process.env['PATH'], HOME: '/root', ...env },
          timeoutMs: 60_000,
        },
      ),
  };
}

/** Why it cannot be had, or nothing. */
export async function whyNoLiveSystem(): Promise<string> {
  if (process.getuid?.() !== 0) return 'needs root';
  const scratch = await mkdtemp(join(tmpdir(), 'ashlar-trust-why-'));
  try {
    const live = await createLiveSystem(scratch);
    const tried = await live.sh(
      'command -v update-ca-certificates && touch /tried && openssl version',
    );
    const words = tried.stderr.toString().trim();
    return tried.exitCode === 0
      ? ''
      : `needs overlay mounts, openssl and update-ca-certificates: ${words}`;
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/** The upper side is a directory, which stays when the mount ends with its namespace. */
const script = `
directory=$1 repository=$2 temporary=$3 text=$4
changes=$directory/changes
mkdir -p "$changes/upper" "$changes/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$changes/upper,workdir=$changes/work" "$directory/root"
for path in /proc /dev /sys "$temporary" "$repository"; do
  mkdir -p "$directory/root$path"
  mount --rbind "$path" "$directory/root$path"
done
exec chroot "$directory/root" sh -euc "$text"
`;
