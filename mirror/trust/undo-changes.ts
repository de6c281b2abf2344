import { type RootFiles, UnreadableFile } from '../../src/network.ts';
import { maxFileBytes, runStoreProgram, withoutPiece } from './apply-changes.ts';
import { findSetting } from './find-setting.ts';
import { findSystemStore, ownLinks, storeProgram } from './system-parts.ts';
import type { TrustContext } from './trust-context.ts';
import { type ChangedValue, recordPath, trustDirectory, type TrustRecord } from './trust-record.ts';
import { requireNothingLost } from './unkept-certificates.ts';

/** What taking back did to a file, or why it did nothing. */
export interface UndoneChange {
  readonly path: string;
  readonly what: string;
  readonly isDone: boolean;
}

/**
 * Takes back all that the record tells of. A file that nobody changed since is as it was before, byte by byte; of one
 * that somebody changed, what was done here is taken back as far as it is still there. The last thing that goes is the
 * record, so that an end in the middle can be gone on from.
 */
export async function undoChanges(context: TrustContext): Promise<readonly UndoneChange[]> {
  const { files, record } = context;
  if ((await ownAnchors(context)).length > 0) await requireNothingLost(context);
  const undone: UndoneChange[] = [];
  for (const value of record.values.toReversed()) undone.push(await undoValue(files, value));
  for (const { path, text } of record.pieces.toReversed()) {
    const present = (await files.read(path, maxFileBytes))?.text ?? '';
    const without = withoutPiece(present, text);
    if (without !== present) await files.write(path, without);
    if (without !== present) undone.push({ path, what: 'took out what was added', isDone: true });
  }
  undone.push(...(await undoStore(context)));
  for (const path of record.made) {
    if (!(await files.existsAsName(path))) continue;
    await files.remove(path);
    undone.push({ path, what: 'removed', isDone: true });
  }
  await removeRecord(files, record);
  return undone;
}

async function undoValue(files: RootFiles, value: ChangedValue): Promise<UndoneChange> {
  const { path, format, key, before, after } = value;
  const skipped = (what: string): UndoneChange => ({ path, what, isDone: false });
  try {
    const text = (await files.read(path))?.text;
    if (text === undefined) return skipped('is gone');
    const found = findSetting(format, text, key);
    if (found === null || 'reason' in found)
      return skipped(`has no ${key} any more that can be changed back`);
    const present = text.slice(found.start, found.end);
    if (present !== after) return skipped(`has ${key} changed by somebody else`);
    await files.write(path, text.slice(0, found.start) + before + text.slice(found.end));
    return { path, what: `${key}: ${before} again`, isDone: true };
  } catch (error) {
    if (error instanceof UnreadableFile) return skipped(error.words);
    throw error;
  }
}

/** Certificates that were put among the administrator's. */
async function ownAnchors(context: TrustContext): Promise<readonly string[]> {
  const store = await findSystemStore(context);
  if (store === null) return [];
  return context.record.made.filter((path) => path.startsWith(`${store.anchors}/`));
}

async function undoStore(context: TrustContext): Promise<readonly UndoneChange[]> {
  const { files } = context;
  const store = await findSystemStore(context);
  const anchors = await ownAnchors(context);
  if (store === null || anchors.length === 0) return [];
  for (const path of anchors) await files.remove(path);
  const program = await storeProgram(context, store);
  if (program !== null && (await files.list(hooks)).length > 0)
    await runWithHooks(files, program, anchors);
  else if (program !== null) await runStoreProgram(program);
  for (const path of await ownLinks(context, store)) await files.remove(path);
  return anchors.map((path) => ({ path, what: 'removed', isDone: true }));
}

/** Programs that are told which certificates came and went, such as the one that keeps Java's store. */
const hooks = '/etc/ca-certificates/update.d';
const configuration = '/etc/ca-certificates.conf';

/**
 * Debian's program tells its hooks only of certificates that are struck out in its configuration, not of local ones that
 * are gone: it is given a configuration in which ours are struck out.
 */
async function runWithHooks(
  files: RootFiles,
  program: string,
  anchors: readonly string[],
): Promise<void> {
  const path = `${trustDirectory}/removed.conf`;
  const text = (await files.read(configuration))?.text ?? '';
  const struck = anchors.map((anchor) => `!${anchor.slice(anchor.lastIndexOf('/') + 1)}\n`);
  await files.write(
    path,
    [text, text === '' || text.endsWith('\n') ? '' : '\n', ...struck].join(''),
  );
  try {
    await runStoreProgram(program, ['--certsconf', path]);
  } finally {
    await files.remove(path);
  }
}

async function removeRecord(files: RootFiles, { directories }: TrustRecord): Promise<void> {
  await files.remove(recordPath);
  for (const path of directories) await files.removeEmpty(path);
}
