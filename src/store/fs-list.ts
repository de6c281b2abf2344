import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../errors/ashlar-error.ts';
import { naming } from './fs-errors.ts';
import { isKeySegment, isObjectKey } from './object-key.ts';
import type { ObjectInfo } from './object-store.ts';

const statsAtOnce = 32;

/**
 * The objects below `root` whose key starts with `prefix`, by byte order of the keys. Names that are no keys are
 * passed over; what has a key's name but is neither folder nor regular file is there with 0 bytes, so that one foreign
 * link hides nothing else: it is `object_not_a_file` for those who read it.
 */
export async function* listFiles(root: string, prefix: string): AsyncGenerator<ObjectInfo> {
  yield* listFolder({ root, prefix }, prefix.slice(0, prefix.lastIndexOf('/') + 1));
}

interface Listing {
  readonly root: string;
  readonly prefix: string;
}

/** `folder` is empty or ends in a slash. */
async function* listFolder(listing: Listing, folder: string): AsyncGenerator<ObjectInfo> {
  let files: string[] = [];
  for (const name of await namesIn(listing, folder)) {
    if (!name.endsWith('/')) files.push(name);
    if (name.endsWith('/') || files.length === statsAtOnce) {
      yield* await infosOf(listing.root, files);
      files = [];
    }
    if (name.endsWith('/')) yield* listFolder(listing, name);
  }
  yield* await infosOf(listing.root, files);
}

/**
 * Keys of the files in `folder`, and of its folders with a slash at the end: sorted that way, a folder
 * stands where its objects stand among all keys (`a-b` before `a/c`, though `a` sorts before `a-b`).
 */
async function namesIn({ root, prefix }: Listing, folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await entriesOf(join(root, folder))) {
    if (!isKeySegment(entry.name)) continue;
    const key = folder + entry.name;
    if (entry.isDirectory()) {
      const below = `${key}/`;
      if (below.startsWith(prefix) || prefix.startsWith(below)) names.push(below);
    } else if (key.startsWith(prefix) && isObjectKey(key)) {
      names.push(key);
    }
  }
  return names.sort();
}

async function infosOf(root: string, keys: readonly string[]): Promise<ObjectInfo[]> {
  const infos = await Promise.all(keys.map((key) => infoOf(root, key)));
  return infos.filter((info) => info !== null);
}

async function infoOf(root: string, key: string): Promise<ObjectInfo | null> {
  const path = join(root, key);
  const stat = await unlessMissing(path, () => lstat(path));
  if (stat === null) return null;
  const sizeBytes = stat.isFile() ? stat.size : 0;
  return { key, sizeBytes, modifiedMs: Math.trunc(stat.mtimeMs) };
}

async function entriesOf(path: string): Promise<Dirent[]> {
  return (await unlessMissing(path, () => readdir(path, { withFileTypes: true }))) ?? [];
}

async function unlessMissing<T>(path: string, work: () => Promise<T>): Promise<T | null> {
  return naming({ action: 'read', path }, async () => {
    try {
      return await work();
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return null;
      throw error;
    }
  });
}
