import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { ClientFiles } from './client-files.ts';
import type { CacheClient } from './client-settings.ts';
import { settingsProblem } from './settings-file.ts';

const recordDirectory = '/etc/ashlar/registry-cache';

const change = z.strictObject({
  path: z.string().startsWith('/'),
  /** Of what was there before; null where nothing was. */
  before: z.string().nullable(),
  after: z.string(),
  edits: z.array(
    z.strictObject({
      offset: z.number().int().nonnegative(),
      removed: z.string(),
      inserted: z.string(),
    }),
  ),
});
const schema = z.strictObject({
  format: z.literal(1),
  changes: z.array(change),
  /** Directories that were made, the innermost before those around it. */
  directories: z.array(z.string().startsWith('/')),
});

/**
 * What was done to the files of one client, so that it can be undone byte by byte. It has the edits and not the files, which may
 * hold what not everybody may read.
 */
export type SettingsRecord = z.infer<typeof schema>;
export type RecordedChange = z.infer<typeof change>;

export function recordPath(client: CacheClient): string {
  return `${recordDirectory}/${client}.json`;
}

/** Null for none. Throws `config_invalid` for one that cannot be read: what was done cannot be known then. */
export async function readRecord(
  files: ClientFiles,
  client: CacheClient,
): Promise<SettingsRecord | null> {
  const path = recordPath(client);
  const text = (await files.read(path))?.text;
  if (text === undefined) return null;
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw settingsProblem(
    path,
    'is no record of what was changed',
    'Restore it from a backup, or remove it and undo by hand what names the cache.',
  );
}

export async function writeRecord(
  files: ClientFiles,
  client: CacheClient,
  record: SettingsRecord,
): Promise<void> {
  await files.write(recordPath(client), `${JSON.stringify(record, undefined, 2)}\n`);
}

export function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Each once, in the order in which they can be removed. */
export function innermostFirst(directories: readonly string[]): readonly string[] {
  return [...new Set(directories)].toSorted(
    (left, right) => right.split('/').length - left.split('/').length || (left < right ? -1 : 1),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
