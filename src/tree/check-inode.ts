import { chunkBytes, maxSmallBytes, type FileInode, type Inode } from './inode.ts';

const maxId = 2 ** 32 - 1;
const maxMode = 0o7777;
const nsecPerSec = 1_000_000_000;

/**
 * Throws a RangeError that says what is wrong with an inode that no tree can hold: owners, modes or times out of range,
 * a content that does not go with the size.
 */
export function checkInode(inode: Inode): void {
  const { mode, uid, gid, mtime } = inode;
  if (mode > maxMode || uid > maxId || gid > maxId || mtime.nsec >= nsecPerSec)
    throw new RangeError(`has an inode of mode ${mode}, owner ${uid}:${gid}, ${mtime.nsec} ns`);
  if (inode.type === 'file') checkContent(inode);
}

function checkContent({ content, sizeBytes }: FileInode): void {
  const isPossible =
    content.kind === 'zeros' ||
    (content.kind === 'small' && sizeBytes > 0 && sizeBytes <= maxSmallBytes) ||
    (content.kind === 'chunked' &&
      sizeBytes > maxSmallBytes &&
      content.runs.every(
        (run) =>
          run.digests.length > 0 &&
          run.start + run.digests.length <= Math.ceil(sizeBytes / chunkBytes),
      ));
  if (!isPossible) throw new RangeError(`has a ${content.kind} content of ${sizeBytes} bytes`);
}
