import { type BytePath, toDisplay } from '../bytes/byte-path.ts';
import { blockBytes, maxDeviceMajor, maxDeviceMinor } from '../ext4/format.ts';
import { AshlarError, type ErrorData } from '../errors/ashlar-error.ts';
import { checkInode } from '../tree/check-inode.ts';
import type { DeviceInode, FileInode, Inode, SymlinkInode } from '../tree/inode.ts';
import { maxFileChunks } from './layout-parameters.ts';
import { ownChunksOf } from './planned-inode.ts';

/** Longest file that ext4 with 4 KiB blocks can map. */
const maxFileBytes = (2 ** 32 - 1) * blockBytes;

/**
 * Throws `image_too_large`, naming the file, for an inode that an image cannot hold: 16 TiB in a file, or more data than
 * its page of the tree can list; a link target of over 4095 bytes or of none; a device number beyond those of Linux.
 * Throws `internal` for one that no page of a tree could give back.
 */
export function checkInodeLimits(inode: Inode, path: BytePath): void {
  checkReadable(inode, path);
  if (inode.type === 'file') checkFile(inode, path);
  else if (inode.type === 'symlink') checkTarget(inode, path);
  else if (inode.type === 'char' || inode.type === 'block') checkDevice(inode, path);
}

function checkReadable(inode: Inode, path: BytePath): void {
  try {
    checkInode(inode);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const display = toDisplay(path);
    throw new AshlarError('internal', `/${display} ${error.message}`, {
      data: { path: display },
      cause: error,
    });
  }
}

function checkFile(inode: FileInode, path: BytePath): void {
  const { sizeBytes } = inode;
  if (sizeBytes > maxFileBytes) {
    throw tooLarge(path, `has ${sizeBytes} bytes; ext4 takes just below 16 TiB`, {
      data: { sizeBytes },
      hint: 'Split the file.',
    });
  }
  const chunks = ownChunksOf(inode);
  if (chunks > maxFileChunks) {
    throw tooLarge(
      path,
      `has ${chunks} chunks of data; an image takes ${maxFileChunks} in a file`,
      {
        data: { sizeBytes, chunks },
        hint: 'Split the file into parts of less than 30 GiB.',
      },
    );
  }
}

function checkTarget({ target }: SymlinkInode, path: BytePath): void {
  if (target.length > 0 && target.length < blockBytes) return;
  throw tooLarge(path, `is a link with a target of ${target.length} bytes`, {
    data: { targetBytes: target.length },
    hint: 'Linux takes link targets of 1 to 4095 bytes.',
  });
}

function checkDevice({ major, minor }: DeviceInode, path: BytePath): void {
  if (major <= maxDeviceMajor && minor <= maxDeviceMinor) return;
  throw tooLarge(path, `has the device number ${major}:${minor}`, {
    data: { major, minor },
    hint: `Linux takes device numbers up to ${maxDeviceMajor}:${maxDeviceMinor}.`,
  });
}

function tooLarge(
  path: BytePath,
  what: string,
  { data, hint }: { readonly data: ErrorData; readonly hint: string },
): AshlarError {
  const display = toDisplay(path);
  return new AshlarError('image_too_large', `/${display} ${what}`, {
    data: { path: display, ...data },
    hint,
  });
}
