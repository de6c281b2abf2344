import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTempDir } from '../../../src/disk/temp-dir.ts';
import { runChecked } from '../../../src/process/run-command.ts';
import { type PackageSet, packageJsonOf } from './package-sets.ts';

export interface ResolvedSet {
  /** package-lock.json, version 3, as npm made it against the registry that it is configured with. */
  readonly lockfile: string;
  readonly packages: readonly ResolvedPackage[];
}

export interface ResolvedPackage {
  readonly name: string;
  readonly version: string;
}

const timeoutMs = 120_000;

/** Lets this machine's npm resolve the set's dependencies, of all platforms. */
export async function resolveSet(set: PackageSet): Promise<ResolvedSet> {
  await using project = await createTempDir(tmpdir(), 'ashlar-resolve');
  await writeFile(join(project.path, 'package.json'), packageJsonOf(set));
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const options = ['--package-lock-only', '--lockfile-version=3', ...quiet];
  await runChecked('npm', ['install', ...options, '--no-omit-lockfile-registry-resolved'], {
    cwd: project.path,
    timeoutMs,
  });
  const lockfile = await readFile(join(project.path, 'package-lock.json'), 'utf8');
  return { lockfile, packages: packagesOf(lockfile) };
}

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly name?: string; readonly version: string }>>;
}

/** Each name and version once. */
function packagesOf(lockfile: string): readonly ResolvedPackage[] {
  const { packages } = JSON.parse(lockfile) as Lockfile;
  const found = new Map<string, ResolvedPackage>();
  for (const [place, entry] of Object.entries(packages)) {
    if (place === '') continue;
    const name = entry.name ?? place.slice(place.lastIndexOf('node_modules/') + 13);
    found.set(`${name}@${entry.version}`, { name, version: entry.version });
  }
  return [...found.values()];
}
