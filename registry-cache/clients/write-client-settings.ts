import { dirname } from 'node:path';
import type { ClientFiles } from './client-files.ts';
import {
  clientSettings,
  type ClientSettings,
  type ClientSettingsOptions,
  type SettingsFile,
} from './client-settings.ts';
import { appliedRecord, undoClientSettings } from './undo-client-settings.ts';
import {
  fingerprint,
  innermostFirst,
  readRecord,
  recordPath,
  writeRecord,
} from './settings-record.ts';

export interface WrittenSettings {
  readonly settings: ClientSettings;
  /** The files that were changed; none when all was as it should be. */
  readonly written: readonly string[];
}

/**
 * Makes the files of a client what `clientSettings` says, each at once. What is needed to take that back is written down first.
 * What was written for the same client before is taken back, so that nothing of it stays. Doing it again does nothing. Throws
 * `config_invalid` as `clientSettings` does, before anything is changed, and `privilege_missing`.
 */
export async function writeClientSettings(
  options: ClientSettingsOptions,
  files: ClientFiles,
): Promise<WrittenSettings> {
  const record = await readRecord(files, options.client);
  if (record !== null) {
    const earlier = await appliedRecord(files, record);
    const base = earlier.asBefore(files);
    const settings = await clientSettings(options, base);
    if (await isAllThere(files, { settings, paths: earlier.paths }))
      return { settings: { ...settings, restart: [] }, written: [] };
    await undoClientSettings(options.client, files);
  }
  const settings = await clientSettings(options, files);
  const changed = settings.files.filter(({ before, text }) => before !== text);
  if (changed.length === 0) return { settings, written: [] };
  await writeRecord(files, options.client, {
    format: 1,
    changes: changed.map(({ path, before, text, edits }) => ({
      path,
      before: before === null ? null : fingerprint(before),
      after: fingerprint(text),
      edits: edits.map((edit) => ({ ...edit })),
    })),
    directories: [
      ...(await missingDirectories(files, [
        ...changed.map(({ path }) => path),
        recordPath(options.client),
      ])),
    ],
  });
  for (const { path, text } of changed) await files.write(path, text);
  return { settings, written: changed.map(({ path }) => path) };
}

/** What has to be there is there, and nothing else of what was written before. */
async function isAllThere(
  files: ClientFiles,
  { settings, paths }: { readonly settings: ClientSettings; readonly paths: readonly string[] },
): Promise<boolean> {
  const wanted = settings.files.filter(({ before, text }) => before !== text);
  if (!paths.every((path) => wanted.some((file) => file.path === path))) return false;
  for (const file of settings.files) if (!(await isThere(files, file))) return false;
  return true;
}

async function isThere(files: ClientFiles, { path, text }: SettingsFile): Promise<boolean> {
  return (await files.read(path))?.text === text;
}

/** Innermost first. */
async function missingDirectories(
  files: ClientFiles,
  paths: readonly string[],
): Promise<readonly string[]> {
  const missing = new Set<string>();
  for (const path of paths)
    for (let at = dirname(path); at !== '/' && !(await files.exists(at)); at = dirname(at))
      missing.add(at);
  return innermostFirst([...missing]);
}
