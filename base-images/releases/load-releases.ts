import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { AshlarError } from '../../src/index.ts';
import type { Fact, Release, ReleasePackages } from './release.ts';
import {
  type ReleaseRecord,
  releaseSchema,
  resolveFact,
  type Sources,
  sourcesSchema,
} from './release-schema.ts';

const sourcesFile = 'sources.json';

/**
 * All releases of the data beside this file, by distribution and version, the oldest first. `directory` is another place
 * for them: files `ID.json`, `sources.json`, and the default sudoers files in `sudoers/`. Throws `release_data_invalid`,
 * with the file and what is wrong in it.
 */
export async function loadReleases(
  directory: string = import.meta.dirname,
): Promise<readonly Release[]> {
  const sources = await readJson(join(directory, sourcesFile), sourcesSchema);
  const schema = releaseSchema(sources);
  const names = (await readdir(directory)).filter(
    (name) => name.endsWith('.json') && name !== sourcesFile,
  );
  const releases = await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      const record = await readJson(path, schema);
      if (name !== `${record.id}.json`) throw invalid(path, `its id is ${record.id}`);
      return assemble(record, { directory, sources });
    }),
  );
  return releases.toSorted(byDistributionAndVersion);
}

interface Place {
  readonly directory: string;
  readonly sources: Sources;
}

async function assemble(record: ReleaseRecord, { directory, sources }: Place): Promise<Release> {
  const { value: name, ...from } = record.sudoers.text;
  const text = name === null ? null : await readSudoers(join(directory, 'sudoers', name));
  return {
    ...record,
    image: { ...record.image, packages: packagesOf(record.image.packages, sources) },
    sudoers: { ...record.sudoers, text: { ...from, value: text } },
  };
}

type PackageLists = ReleaseRecord['image']['packages'];

/** The first list that says something of a package is believed. */
function packagesOf(lists: PackageLists, sources: Sources): ReleasePackages {
  const facts = new Map<string, Fact<string | null>>();
  for (const { source, versions, absent } of lists) {
    const add = (name: string, value: string | null): void => {
      if (!facts.has(name)) facts.set(name, resolveFact({ value, source }, sources));
    };
    for (const [name, version] of Object.entries(versions)) add(name, version);
    for (const name of absent) add(name, null);
  }
  const present = [...facts].filter(([, { value }]) => value !== null);
  return {
    names: present.map(([name]) => name).toSorted(),
    get: (name) => facts.get(name) ?? null,
  };
}

function byDistributionAndVersion(left: Release, right: Release): number {
  if (left.os.id !== right.os.id) return left.os.id < right.os.id ? -1 : 1;
  return left.os.versionId.localeCompare(right.os.versionId, 'en', { numeric: true });
}

async function readSudoers(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw invalid(path, 'it cannot be read', error);
  }
}

async function readJson<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw invalid(path, 'it cannot be read as JSON', error);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const where = first?.path.join('.') ?? '';
  throw invalid(path, `${where === '' ? 'it' : where}: ${first?.message ?? 'of another form'}`);
}

function invalid(path: string, what: string, cause?: unknown): AshlarError {
  return new AshlarError('release_data_invalid', `${path}: ${what}`, { data: { path }, cause });
}
