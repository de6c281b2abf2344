import { open } from 'node:fs/promises';
import { AshlarError, systemErrorCode } from '../../src/index.ts';

/** Offsets in an ext4 image: kernel documentation, filesystems/ext4/globals.rst, "The Super Block". */
const superblockOffset = 1024;
const magicOffset = superblockOffset + 0x38;
const incompatOffset = superblockOffset + 0x60;
const magic = 0xef53;
const incompatRecover = 0x4;

/**
 * Makes sure that `path` is a raw ext4 image whose journal holds nothing to replay, so that it may be mounted
 * read-only without loading the journal. Throws `internal`: the caller materialised this file.
 */
export async function checkParentDisk(path: string): Promise<void> {
  const head = await readHead(path);
  const refuse = (what: string): never => {
    throw new AshlarError('internal', `the parent disk ${path} ${what}`, { data: { path } });
  };
  if (head.length < incompatOffset + 4 || head.readUInt16LE(magicOffset) !== magic) {
    refuse('holds no ext4 file system');
  }
  if ((head.readUInt32LE(incompatOffset) & incompatRecover) !== 0) {
    refuse('has a journal that was not replayed');
  }
}

async function readHead(path: string): Promise<Buffer> {
  try {
    await using file = await open(path, 'r');
    const head = Buffer.alloc(2048);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return head.subarray(0, bytesRead);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    throw new AshlarError('internal', `cannot read the parent disk ${path}: ${code}`, {
      data: { path },
      cause: error,
    });
  }
}
