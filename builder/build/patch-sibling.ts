import {
  AshlarError,
  type Digest,
  type ImageConfig,
  type Json,
  openImage,
  type OpenImage,
  patchImage,
} from '../../src/index.ts';
import type { BuildSession } from './build-session.ts';
import type { Stretch } from './stretch.ts';

/** What is said of files that are stored as an image. */
export interface Commit {
  readonly config: ImageConfig;
  readonly provenance: Json;
}

export interface WaysToFiles {
  readonly stretches: readonly Stretch[];
  /** Of each, in their order. */
  readonly keys: readonly Digest[];
  readonly diskBytes: number;
}

/**
 * Makes the image of a stage's files out of one that another build came to on a like way: what was put is put among its
 * files. Null where there is none, or where it is of another shape after all; the files then have to be laid out anew, which
 * gives the same digest.
 */
export async function patchSibling(
  session: BuildSession,
  { stretches, keys, diskBytes }: WaysToFiles,
  commit: Commit,
): Promise<Digest | null> {
  const { imageStore, ledger, stepResults, writer } = session;
  if (session.cache === 'ignore') return null;
  for (const [index, { puts }] of stretches.entries()) {
    const key = keys[index];
    if (key === undefined) continue;
    const known = await ledger.span('cache', key, () => stepResults.find(key));
    const sibling = known === null ? null : await openIfUsable(session, known);
    if (sibling?.root.diskBytes !== diskBytes) continue;
    return ledger.span('layout', 'changes', () =>
      patchImage(imageStore, sibling, { puts, ...commit, writer }),
    );
  }
  return null;
}

/** Null for an image that was collected meanwhile, or that is damaged where it has to be read. */
async function openIfUsable(
  { imageStore }: BuildSession,
  digest: Digest,
): Promise<OpenImage | null> {
  try {
    return await openImage(imageStore, digest);
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
    if (error.code !== 'image_not_found' && error.code !== 'manifest_corrupt') throw error;
    return null;
  }
}
