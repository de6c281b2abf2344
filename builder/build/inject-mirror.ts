import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, fromUtf8 } from '../../src/index.ts';
import {
  hasOwnAuthorities,
  nodeVersionOf,
  type ReadText,
  takesAdditional,
} from '../injection/additive-support.ts';
import { givenCertificates } from '../injection/given-certificates.ts';
import type { MirrorDoor, MirrorWay } from '../injection/mirror-door.ts';
import type { ExtraMount } from '../run/run-step-options.ts';
import { treePath } from './image-source-tree.ts';
import { readTreeText } from './read-tree-text.ts';
import type { RunRequest } from './run-step-on-image.ts';

/** What a step gets so that what it installs comes through the mirror; nothing of it is in the image or in a key. */
export interface InjectedMirror {
  readonly mounts: readonly ExtraMount[];
  readonly env: Readonly<Record<string, string>>;
  readonly way: MirrorWay;
  readonly door: MirrorDoor;
}

/** Null without a mirror, and for a step without a network. */
export async function injectMirror(request: RunRequest): Promise<InjectedMirror | null> {
  const { session, disk, number } = request;
  const way = session.runs.network === 'none' ? null : await session.mirror.way();
  if (way === null) return null;
  const need = (await takesAdditionalOnly(request)) ? 'additional' : 'all';
  const given = givenCertificates(way.mirror, need);
  const mounts: ExtraMount[] = [];
  for (const [index, { guestPath, content }] of given.files.entries()) {
    const hostPath = join(await disk.directory(), `mirror-${number}-${index}`);
    await writeFile(hostPath, content);
    await chmod(hostPath, 0o644);
    mounts.push({ hostPath, guestPath });
  }
  return { mounts, env: given.env, way, door: way.doorFor(given) };
}

/**
 * False for an image whose Node.js takes no certificates in addition to its own, unless its npm is told of others. What a step
 * brings itself is not foreseen: an old Node.js of its own asks the registry.
 */
async function takesAdditionalOnly({ session, target, step }: RunRequest): Promise<boolean> {
  const readText: ReadText = (path) =>
    unlessTooLarge(() => readTreeText(session, target, treePath(fromUtf8(path))));
  const version = await nodeVersionOf(readText, async () =>
    (await isThere(target, 'usr/bin/nodejs')) || (await isThere(target, 'usr/bin/node'))
      ? readText('var/lib/dpkg/status')
      : undefined,
  );
  if (version === null || takesAdditional(version)) return true;
  return hasOwnAuthorities(readText, [step.workdir, step.env['HOME'] ?? '/root']);
}

/** What is larger than any such file is none. */
async function unlessTooLarge<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof AshlarError && error.code === 'image_too_large') return undefined;
    throw error;
  }
}

async function isThere(target: RunRequest['target'], path: string): Promise<boolean> {
  try {
    await (await target.image.tree()).lookupFollowing(path);
    return true;
  } catch (error) {
    if (error instanceof AshlarError && error.code === 'file_not_found') return false;
    throw error;
  }
}
