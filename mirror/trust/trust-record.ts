import { AshlarError } from '../../src/index.ts';
import type { RootFiles } from '../../src/network.ts';
import type { SettingsFormat } from './find-setting.ts';

/** What was done to a root file system, so that it can be undone byte by byte. */
export interface TrustRecord {
  readonly format: 1;
  /** Files and links that were made. */
  readonly made: readonly string[];
  /** Directories that were made, the innermost before those around it. */
  readonly directories: readonly string[];
  readonly values: readonly ChangedValue[];
  readonly pieces: readonly AddedPiece[];
  /** Which file's certificates a bundle has besides the mirror's. */
  readonly bundles: Readonly<Record<string, string>>;
}

export interface ChangedValue {
  readonly path: string;
  readonly format: SettingsFormat;
  readonly key: string;
  /** As they stand in the file, quotes and all. */
  readonly before: string;
  readonly after: string;
}

export interface AddedPiece {
  readonly path: string;
  readonly text: string;
}

export const trustDirectory = '/etc/ashlar/trust';
export const bundlePath = `${trustDirectory}/bundle.pem`;
export const recordPath = `${trustDirectory}/record.json`;

const maxRecordBytes = 16 * 1024 * 1024;

const emptyRecord: TrustRecord = {
  format: 1,
  made: [],
  directories: [],
  values: [],
  pieces: [],
  bundles: {},
};

/** Throws `config_invalid` for a record that cannot be read: what was done cannot be known then. */
export async function readRecord(files: RootFiles): Promise<TrustRecord> {
  const text = (await files.read(recordPath, maxRecordBytes))?.text;
  if (text === undefined) return emptyRecord;
  const record = parse(text);
  if (record !== null) return record;
  throw new AshlarError('config_invalid', `${recordPath} in ${files.root} is not a record`, {
    data: { path: recordPath },
    hint: `Restore it from a backup, or remove it and undo by hand what names files in ${trustDirectory}.`,
  });
}

export async function writeRecord(
  files: RootFiles,
  record: TrustRecord,
): Promise<readonly string[]> {
  return files.write(recordPath, `${JSON.stringify(record, undefined, 2)}\n`);
}

function parse(text: string): TrustRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  return isRecord(value) ? value : null;
}

function isRecord(value: unknown): value is TrustRecord {
  if (!isObject(value) || value['format'] !== 1) return false;
  return (
    isListOf(value['made'], isString) &&
    isListOf(value['directories'], isString) &&
    isListOf(value['values'], hasStrings('path', 'format', 'key', 'before', 'after')) &&
    isListOf(value['pieces'], hasStrings('path', 'text')) &&
    isObject(value['bundles']) &&
    Object.values(value['bundles']).every(isString)
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isString(value: unknown): boolean {
  return typeof value === 'string';
}

function isListOf(value: unknown, isMember: (member: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isMember);
}

function hasStrings(...keys: readonly string[]): (value: unknown) => boolean {
  return (value) => isObject(value) && keys.every((key) => isString(value[key]));
}
