import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const blockBytes = 1024 * 1024;

/** Replaces the content of every file below a directory by another one that compresses as well; `mask` is 1 to 255. */
export async function alterFiles(root: string, mask: number): Promise<void> {
  for await (const file of filesBelow(root)) await writeAltered(file, { mask, copies: 0 });
}

/** Makes every file below a directory four times as long: three copies follow, each of other bytes than the rest. */
export async function growFiles(root: string): Promise<void> {
  for await (const file of filesBelow(root)) {
    for (const mask of [1, 2, 3]) await writeAltered(file, { mask, copies: mask });
  }
}

/** Each file once, whatever names it has, open while it is looked at. */
async function* filesBelow(root: string): AsyncIterable<FileHandle> {
  const linked = new Set<number>();
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    await using file = await open(join(entry.parentPath, entry.name), 'r+');
    const { ino, nlink } = await file.stat();
    if (nlink > 1 && linked.has(ino)) continue;
    linked.add(ino);
    yield file;
  }
}

/**
 * Writes the content of a file, each byte combined with `mask` by exclusive or, behind as many copies as are said; 0
 * overwrites the content itself. The file's length is taken to be that many copies of the content, and one at least.
 */
async function writeAltered(
  file: FileHandle,
  { mask, copies }: { readonly mask: number; readonly copies: number },
): Promise<void> {
  const sizeBytes = (await file.stat()).size / Math.max(1, copies);
  const buffer = Buffer.alloc(blockBytes);
  for (let position = 0; position < sizeBytes;) {
    const length = Math.min(blockBytes, sizeBytes - position);
    const { bytesRead } = await file.read(buffer, 0, length, position);
    if (bytesRead === 0) return;
    for (let index = 0; index < bytesRead; index += 1)
      buffer.writeUInt8(buffer.readUInt8(index) ^ mask, index);
    await file.write(buffer, 0, bytesRead, sizeBytes * copies + position);
    position += bytesRead;
  }
}
