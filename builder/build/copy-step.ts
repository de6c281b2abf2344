import {
  AshlarError,
  type BytePath,
  type Digest,
  type FileTree,
  fromUtf8,
  type ImageConfig,
  type Inode,
  type Json,
  toDisplay,
} from '../../src/index.ts';
import { digestSources } from '../context/digest-sources.ts';
import { type DestinationKind, type Selection, selectSources } from '../context/select-sources.ts';
import type { SourceTree } from '../context/source-tree.ts';
import type { FaultSource } from '../dockerfile/fault-error.ts';
import type { CopyStep } from '../dockerfile/step.ts';
import { resolveUser } from '../run/resolve-user.ts';
import type { BuildSession } from './build-session.ts';
import { createImageSourceTree, treePath } from './image-source-tree.ts';
import { ledgerSubject } from './ledger-subject.ts';
import { type Owner, putFiles } from './put-files.ts';
import { readTreeText } from './read-tree-text.ts';
import { adoptKnown, recordStep, type StageImage } from './stage-image.ts';
import { stepKeyOf } from './step-key.ts';
import { createUnpacker } from './unpack-archive.ts';

/** Where a copy takes its files from. */
export type CopySource =
  | { readonly kind: 'context'; readonly tree: SourceTree }
  | { readonly kind: 'image'; readonly name: string; readonly stage: StageImage };

export interface CopyRequest {
  readonly session: BuildSession;
  readonly step: CopyStep;
  readonly target: StageImage;
  readonly config: ImageConfig;
  readonly source: CopySource;
  readonly dockerfile: FaultSource;
  readonly latestSec: number | null;
  readonly provenance: Json;
}

/**
 * Runs a COPY or ADD: nothing is mounted, the tree is changed. When the same files were copied onto the same image
 * before, that result is taken.
 */
export async function runCopyStep(
  request: CopyRequest,
): Promise<{ outcome: 'cached' | 'done'; digest: Digest }> {
  const { session, target, config, source, step, latestSec } = request;
  const parent = target.digestWith(config);
  const quickKey =
    source.kind === 'context'
      ? null
      : stepKeyOf({
          parent,
          cacheText: step.cacheText,
          inputs: source.stage.image.digest,
          latestSec,
        });
  if (quickKey !== null && (await adoptKnown(session, target, quickKey)))
    return { outcome: 'cached', digest: target.image.digest };

  const sourceFiles = source.kind === 'image' ? await source.stage.tree() : null;
  const sourceTree = source.kind === 'context' ? source.tree : imageTree(sourceFiles, source.name);
  const { selection, inputs, contents } = await session.ledger.span(
    'context',
    ledgerSubject(step),
    () => selectAndDigest(request, sourceTree),
  );
  const key = stepKeyOf({ parent, cacheText: step.cacheText, inputs, latestSec });
  if (await adoptKnown(session, target, key)) {
    if (quickKey !== null) await recordStep(session, [quickKey], target.image.digest);
    return { outcome: 'cached', digest: target.image.digest };
  }
  if (source.kind === 'image') {
    const { image } = source.stage;
    await session.ledger.span('tree', image.digest, async () =>
      session.writer.know(await image.locations()),
    );
  }
  await putSelection(request, { selection, contents, sourceTree, sourceFiles });
  const digest = await target.commit(config, request.provenance);
  await recordStep(session, quickKey === null ? [key] : [key, quickKey], digest);
  return { outcome: 'done', digest };
}

interface SelectedSources {
  readonly selection: Selection;
  readonly inputs: Digest;
  /** Digests of the files that were read for `inputs`. */
  readonly contents: ReadonlyMap<BytePath, Digest>;
}

async function selectAndDigest(
  { session, step, target, dockerfile }: CopyRequest,
  tree: SourceTree,
): Promise<SelectedSources> {
  const destination = await destinationKind(target, step.destination);
  const selection = await selectSources({ step, tree, destination, source: dockerfile });
  const contents = new Map<BytePath, Digest>();
  const inputs = await digestSources(selection, {
    tree,
    owners: step.chown === undefined ? 'counted' : 'replaced',
    ...(session.digestCache === undefined ? {} : { cache: session.digestCache }),
    now: session.nowMs,
    signal: session.signal,
    onContent: (path, digest) => contents.set(path, digest),
  });
  return { selection, inputs, contents };
}

async function putSelection(
  request: CopyRequest,
  found: Omit<SelectedSources, 'inputs'> & { sourceTree: SourceTree; sourceFiles: FileTree | null },
): Promise<void> {
  const { session, step, target, latestSec } = request;
  const tree = target.files;
  const time = { nowSec: Math.floor(session.nowMs() / 1000), latestSec };
  const owner = await ownerOf(step, target, session);
  await session.ledger.span('unpack', ledgerSubject(step), () =>
    putFiles({
      selection: found.selection,
      destination: fromUtf8(step.destination),
      tree,
      source: found.sourceTree,
      sourceInode: (path): Inode | null => found.sourceFiles?.lookup(path)?.inode ?? null,
      intake: session.intake,
      expectedDigest: (path) => found.contents.get(path),
      owner,
      chmod: step.chmod,
      time,
      unpack: createUnpacker({ session, target, source: found.sourceTree, owner, latestSec }),
      signal: session.signal,
    }),
  );
}

function imageTree(files: FileTree | null, name: string): SourceTree {
  if (files === null) throw new AshlarError('internal', `no files of ${name}`);
  return createImageSourceTree(files, name);
}

async function destinationKind(target: StageImage, destination: string): Promise<DestinationKind> {
  const reader = await target.image.tree();
  try {
    const { inode } = await reader.lookupFollowing(treePath(fromUtf8(destination)));
    return inode.type === 'directory' ? 'directory' : 'other';
  } catch (error) {
    if (error instanceof AshlarError && error.code === 'file_not_found') return 'missing';
    throw error;
  }
}

async function ownerOf(
  step: CopyStep,
  target: StageImage,
  session: BuildSession,
): Promise<Owner | undefined> {
  if (step.chown === undefined) return undefined;
  const databases = {
    passwd: await readTreeText(session, target, 'etc/passwd'),
    group: await readTreeText(session, target, 'etc/group'),
  };
  try {
    // A number without a group means the group of the same number here, as Docker has it.
    const spec = /^\d+$/.test(step.chown) ? `${step.chown}:${step.chown}` : step.chown;
    return resolveUser(spec, databases);
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
    throw new AshlarError(
      error.code,
      `${step.keyword} --chown=${toDisplay(step.chown)}: ${error.message}`,
      { data: error.data, hint: error.hint, cause: error },
    );
  }
}
