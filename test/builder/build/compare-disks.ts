import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createDiskCache } from '../../../builder/build/disk-cache.ts';
import {
  type Digest,
  exportDisk,
  type ImageStore,
  openImage,
  runCommand,
} from '../../../src/index.ts';

export interface ComparedDisk {
  readonly image: Digest;
  /** Where the disk differs from an export of its image, in the words of cmp; empty when it does not. */
  readonly difference: string;
}

/** Holds every disk in the cache of a state directory against the image that it is said to hold. */
export async function compareDisks(
  store: ImageStore,
  { path, home }: { path: string; home: string },
): Promise<ComparedDisk[]> {
  const compared: ComparedDisk[] = [];
  for (const disk of await createDiskCache(join(home, 'disks'), Infinity).list()) {
    const exported = join(path, 'exported.raw');
    await exportDisk(await openImage(store, disk.image), exported);
    const { exitCode, stdout, stderr } = await runCommand('cmp', [exported, disk.path]);
    await rm(exported);
    const words = `${stdout.toString()}${stderr.toString()}`;
    compared.push({ image: disk.image, difference: exitCode === 0 ? '' : `cmp: ${words}` });
  }
  return compared;
}
