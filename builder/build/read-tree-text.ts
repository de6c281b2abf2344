import { AshlarError, createFileReader, type Inode } from '../../src/index.ts';
import type { BuildSession } from './build-session.ts';
import type { StageImage } from './stage-image.ts';

const maxTextBytes = 16 * 1024 * 1024;

/** The text of a file of a stage as its latest step left it, links followed; undefined where there is none. */
export async function readTreeText(
  session: BuildSession,
  stage: StageImage,
  path: string,
): Promise<string | undefined> {
  // Not the tree in memory: its contents may lie in chunks of earlier images alone.
  const inode = await fileOf(stage, path);
  if (inode?.type !== 'file') return undefined;
  if (inode.sizeBytes > maxTextBytes) {
    throw new AshlarError('image_too_large', `/${path} of the image has ${inode.sizeBytes} bytes`, {
      data: { path },
    });
  }
  const parts: Buffer[] = [];
  const reader = createFileReader(stage.image);
  for await (const part of reader.read(inode, session.signal)) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('latin1');
}

async function fileOf(stage: StageImage, path: string): Promise<Inode | undefined> {
  try {
    return (await (await stage.image.tree()).lookupFollowing(path)).inode;
  } catch (error) {
    if (error instanceof AshlarError && error.code === 'file_not_found') return undefined;
    throw error;
  }
}
