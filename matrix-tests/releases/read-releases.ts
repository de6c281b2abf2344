import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type KnownRelease, knownReleaseSchema } from './known-release.ts';

/** What is recorded of every release, by distribution and version. */
export async function readReleases(dataDir: string): Promise<readonly KnownRelease[]> {
  const names = (await readdir(dataDir)).filter((name) => /^[a-z]+-[0-9.]+\.json$/.test(name));
  const releases = await Promise.all(
    names.map(async (name) =>
      knownReleaseSchema.parse(JSON.parse(await readFile(join(dataDir, name), 'utf8'))),
    ),
  );
  return releases.toSorted((one, other) => one.id.localeCompare(other.id, 'en', { numeric: true }));
}
