import { AshlarError, runCommand } from '../../src/index.ts';
import type { RootFiles } from '../../src/network.ts';
import { findSetting } from './find-setting.ts';
import type { TrustChange, TrustPart } from './trust-client.ts';
import { trustDirectory, type TrustRecord, writeRecord } from './trust-record.ts';

/** Making the store of a system with some hundred certificates takes a few seconds. */
const programTimeoutMs = 120_000;

interface Planned {
  readonly path: string;
  readonly change: TrustChange;
}

/**
 * Makes the changes of parts. What is needed to take them back is written down first, so that an end in the middle
 * leaves nothing that cannot be undone. Bundles come before the settings that name them, programs last. Gives the record
 * as it is then.
 */
export async function applyChanges(
  files: RootFiles,
  parts: readonly TrustPart[],
  record: TrustRecord,
): Promise<TrustRecord> {
  const planned = plannedChanges(parts);
  if (planned.length === 0) return record;
  let next = recordChanges(planned, record);
  const remember = async (made: readonly string[]): Promise<void> => {
    const directories = [...new Set([...next.directories, ...made])].toSorted(innermostFirst);
    if (directories.length === next.directories.length) return;
    next = { ...next, directories };
    await writeRecord(files, next);
  };
  await remember(await writeRecord(files, next));
  for (const { path, change } of planned) await remember(await applyChange(files, path, change));
  return next;
}

/** A part may be there for several clients, and so several times. */
function plannedChanges(parts: readonly TrustPart[]): readonly Planned[] {
  const planned = new Map<string, Planned>();
  for (const { path, change } of parts)
    if (change !== null)
      planned.set(`${path}\0${change.kind === 'value' ? change.key : ''}`, { path, change });
  return [...planned.values()].toSorted((left, right) => rank(left) - rank(right));
}

function rank({ path, change }: Planned): number {
  if (change.kind === 'tool') return 3;
  if (change.kind === 'value') return 2;
  return path.startsWith(`${trustDirectory}/`) ? 0 : 1;
}

function recordChanges(planned: readonly Planned[], record: TrustRecord): TrustRecord {
  const made = new Set(record.made);
  const pieces = [...record.pieces];
  const bundles = { ...record.bundles };
  let values = [...record.values];
  for (const { path, change } of planned) {
    if (change.kind === 'value') {
      const { format, key, before, after } = change;
      values = values.filter((value) => value.path !== path || value.key !== key);
      values.push({ path, format, key, before, after });
    }
    if (change.kind === 'pieces') pieces.push(...change.add.map((text) => ({ path, text })));
    // Whole files and links are written in places of our own alone.
    if (change.kind === 'file' || change.kind === 'link') made.add(path);
    if (change.kind === 'file' && change.source !== undefined) bundles[path] = change.source;
  }
  return { ...record, made: [...made], values, pieces, bundles };
}

async function applyChange(
  files: RootFiles,
  path: string,
  change: TrustChange,
): Promise<readonly string[]> {
  switch (change.kind) {
    case 'file':
      return files.write(path, change.text);
    case 'link':
      return files.link(path, change.target);
    case 'remove':
      await files.remove(path);
      return [];
    case 'pieces':
      return files.write(
        path,
        withPieces((await files.read(path, maxFileBytes))?.text ?? '', change),
      );
    case 'value':
      return files.write(path, await withValue(files, path, change));
    case 'tool':
      await runStoreProgram(change.program);
      return [];
  }
}

export const maxFileBytes = 32 * 1024 * 1024;

function withPieces(
  text: string,
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
): string {
  return remove.reduce(withoutPiece, text) + add.join('');
}

/** A piece may begin with the newline that the last line lacked; a line that came behind it needs that still. */
export function withoutPiece(text: string, piece: string): string {
  const at = text.lastIndexOf(piece);
  if (at === -1) return text;
  const rest = text.slice(at + piece.length);
  return text.slice(0, at) + (piece.startsWith('\n') && rest !== '' ? '\n' : '') + rest;
}

/** The file as it is now, which may not be what was planned with. */
async function withValue(
  files: RootFiles,
  path: string,
  change: TrustChange & { readonly kind: 'value' },
): Promise<string> {
  const text = (await files.read(path))?.text ?? '';
  const found = findSetting(change.format, text, change.key);
  if (found === null || 'reason' in found || text.slice(found.start, found.end) !== change.before)
    throw new AshlarError('config_invalid', `${path} was changed meanwhile`, {
      data: { path },
      hint: 'Run the command again.',
    });
  return text.slice(0, found.start) + change.after + text.slice(found.end);
}

/** Throws `trust_store_refused` when it fails. */
export async function runStoreProgram(
  program: string,
  args: readonly string[] = [],
): Promise<void> {
  const result = await runCommand(program, args, { timeoutMs: programTimeoutMs });
  if (result.exitCode === 0) return;
  const words = `${result.stderr.toString('utf8')}${result.stdout.toString('utf8')}`.trim();
  throw new AshlarError(
    'trust_store_refused',
    `${program} ended with ${result.exitCode}: ${words.slice(-2000)}`,
    {
      data: { program },
    },
  );
}

function innermostFirst(left: string, right: string): number {
  return right.split('/').length - left.split('/').length || (left < right ? -1 : 1);
}
