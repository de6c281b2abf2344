import { AshlarError, createFileReader, type FileTree } from '../../src/index.ts';
import type { BuildSession } from './build-session.ts';
import type { StageImage } from './stage-image.ts';

const maxTextBytes = 16 * 1024 * 1024;

/** The text of a file of a stage, links followed; undefined where there is none. */
export async function readTreeText(
  session: BuildSession,
  stage: StageImage,
  tree: FileTree,
  path: string,
): Promise<string | undefined> {
  const inode = tree.lookup(tree.resolve(path, 'follow-last'))?.inode;
  if (inode?.type !== 'file') return undefined;
  if (inode.sizeBytes > maxTextBytes) {
    throw new AshlarError('image_too_large', `/${path} of the image has ${inode.sizeBytes} bytes`, {
      data: { path },
    });
  }
  const { content } = inode;
  if (content.kind === 'small' && content.place.in === 'spool') {
    const bytes = Buffer.alloc(inode.sizeBytes);
    content.place.spool.readInto(bytes, content.place.offset);
    return bytes.toString('latin1');
  }
  const parts: Buffer[] = [];
  const reader = createFileReader(session.imageStore, stage.image, await stage.image.locations());
  for await (const part of reader.read(inode, session.signal)) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('latin1');
}
