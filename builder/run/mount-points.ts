import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemErrorCode } from '../../src/index.ts';
import { resolveInRoot } from './resolve-in-root.ts';

/**
 * Mount points without a trace.
 *
 * A mount needs something to be mounted on, and an image need not have it: FROM scratch has no /proc, and
 * /etc/resolv.conf may be missing or a link that leads nowhere. Making it in the merged tree would leave it in the
 * step's difference. So it is made in a layer of its own that lies between the parent and the upper directory,
 * the hide layer: there it is seen and can be mounted on, it covers a link of the same name, and when the step
 * is over it is gone with the layer, while the upper directory never knew of it. What the step itself does
 * beside a mount point is copied up as from any lower layer.
 *
 * A directory of the hide layer covers the attributes of the parent's directory of the same name; the caller
 * copies them (`attributesToCopy`).
 */
export interface MountPoint {
  readonly guestPath: string;
  readonly kind: 'file' | 'directory';
}

export interface MountPointPlan {
  /** The place of each mount point in the order given, free of links; undefined where its way leads through a file. */
  readonly places: readonly (string | undefined)[];
  /** Directories of the parent, relative to it, whose attributes the hide layer's must get. Parents first. */
  readonly attributesToCopy: readonly string[];
}

export interface LayerRoots {
  /** The parent image's tree. */
  readonly parent: string;
  /** The hide layer, to be filled. */
  readonly hide: string;
}

export async function makeMountPoints(
  roots: LayerRoots,
  points: readonly MountPoint[],
): Promise<MountPointPlan> {
  const places: (string | undefined)[] = [];
  const copied = new Set<string>();
  for (const point of points) {
    const names = await placeOf(roots.parent, point.guestPath);
    places.push(names === undefined ? undefined : `/${names.join('/')}`);
    if (names === undefined || (await isThere(roots.parent, names, point.kind))) continue;
    for (const directory of await existingAncestors(roots.parent, names)) copied.add(directory);
    await makeStub(roots.hide, names, point.kind);
  }
  return { places, attributesToCopy: [...copied].sort() };
}

/** The last name is not followed where it is a link: the mount covers the link instead of writing through it. */
async function placeOf(parent: string, guestPath: string): Promise<readonly string[] | undefined> {
  const normal = join('/', guestPath);
  const directory = await resolveInRoot(parent, dirname(normal));
  if (directory === undefined) return undefined;
  if (directory.stats !== undefined && !directory.stats.isDirectory()) return undefined;
  const last = normal.slice(normal.lastIndexOf('/') + 1);
  return [...directory.names, last];
}

async function isThere(
  parent: string,
  names: readonly string[],
  kind: MountPoint['kind'],
): Promise<boolean> {
  const found = await resolveInRoot(parent, names.join('/'));
  // A link as the last name resolves to other names than its own.
  if (found?.stats === undefined || found.names.join('/') !== names.join('/')) return false;
  return kind === 'directory' ? found.stats.isDirectory() : found.stats.isFile();
}

async function existingAncestors(parent: string, names: readonly string[]): Promise<string[]> {
  const found = await resolveInRoot(parent, names.slice(0, -1).join('/'));
  const existing = found?.existing ?? 0;
  return Array.from({ length: existing }, (_, index) => names.slice(0, index + 1).join('/'));
}

/** Modes are set apart from the making, which the umask of this process takes part in. */
async function makeStub(
  hide: string,
  names: readonly string[],
  kind: MountPoint['kind'],
): Promise<void> {
  const directories = kind === 'directory' ? names : names.slice(0, -1);
  for (let depth = 1; depth <= directories.length; depth++) {
    const path = join(hide, ...directories.slice(0, depth));
    await makeDirectory(path);
  }
  if (kind === 'directory') return;
  await writeFile(join(hide, ...names), '');
  await chmod(join(hide, ...names), 0o644);
}

/** Not `recursive`: below a /proc entry that is gone, Node tries to make the parents for ever. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return;
    throw error;
  }
  await chmod(path, 0o755);
}
