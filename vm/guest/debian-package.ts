import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, runCommand } from '../../src/index.ts';

export interface FetchedPackage {
  readonly name: string;
  readonly version: string;
}

type CommandResult = Awaited<ReturnType<typeof runCommand>>;

const timeoutMs = 10 * 60_000;

/**
 * Downloads packages of the host's own distribution with apt-get, which checks their signatures, and
 * unpacks them below `directory`/root; nothing is installed. `directory` must be empty.
 * Throws `vm_parts_missing` with apt's words where that does not work.
 */
export async function fetchPackages(
  names: readonly string[],
  directory: string,
): Promise<readonly FetchedPackage[]> {
  const download = await apt('apt-get', ['download', ...names], directory);
  if (download.exitCode !== 0) throw missingParts(names, download);
  const archives = (await readdir(directory)).filter((name) => name.endsWith('.deb'));
  const fetched: FetchedPackage[] = [];
  for (const archive of archives) {
    const path = join(directory, archive);
    const unpacked = await apt('dpkg-deb', ['-x', path, join(directory, 'root')], directory);
    if (unpacked.exitCode !== 0) throw missingParts([archive], unpacked);
    const fields = await apt(
      'dpkg-deb',
      ['--show', '--showformat=${Package} ${Version}', path],
      directory,
    );
    const [name = archive, version = ''] = fields.stdout.toString('utf8').trim().split(' ');
    fetched.push({ name, version });
  }
  return fetched;
}

/** The names that a package depends on, or undefined where apt does not know the package. */
export async function dependenciesOf(name: string): Promise<readonly string[] | undefined> {
  const result = await apt('apt-cache', ['depends', '--important', name], '/');
  if (result.exitCode !== 0) return undefined;
  const lines = result.stdout.toString('utf8').split('\n').slice(1);
  return lines.map((line) => /^ *\|?Depends: (\S+)/.exec(line)?.[1] ?? '').filter(Boolean);
}

function apt(file: string, args: readonly string[], cwd: string): Promise<CommandResult> {
  return runCommand(file, args, { cwd, timeoutMs, env: { ...process.env, LC_ALL: 'C' } });
}

function missingParts(names: readonly string[], result: CommandResult): AshlarError {
  const words = result.stderr.toString('utf8').trim().slice(-2000);
  return new AshlarError(
    'vm_parts_missing',
    `the packages ${names.join(', ')} cannot be downloaded for the guest: ${words}`,
    { data: { packages: names, stderr: words } },
  );
}
