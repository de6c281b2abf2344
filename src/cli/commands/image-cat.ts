import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fromUtf8, toDisplay } from '../../bytes/byte-path.ts';
import { AshlarError, systemErrorCode } from '../../errors/ashlar-error.ts';
import { openImage } from '../../image/open-image.ts';
import { createFileReader } from '../../image/read-file.ts';
import { resolveImage } from '../../image/references/tags.ts';
import type { Inode } from '../../tree/inode.ts';
import type { CommandContext } from '../command-context.ts';
import { openStore } from '../open-store.ts';
import type { CommandResult } from '../terminal.ts';

/** Largest file that is given as JSON, which holds it whole. */
const maxJsonBytes = 64 * 1024 * 1024;

/**
 * `ashlar image cat REF PATH`: writes the bytes of a file, following symbolic links, to stdout. A reader of stdout that
 * has seen enough ends the command without an error.
 */
export async function imageCat(
  context: CommandContext,
  reference: string,
  path: string,
): Promise<CommandResult> {
  using imageStore = await openStore(context, 'read');
  const image = await openImage(imageStore, await resolveImage(imageStore.objects, reference));
  const found = await (await image.tree()).lookupFollowing(fromUtf8(path));
  const shownPath = `/${toDisplay(found.path)}`;
  const { inode } = found;
  if (inode.type !== 'file') throw notAFile(reference, shownPath, inode.type);
  const bytes = createFileReader(image).read(inode, context.signal);
  const { sizeBytes } = inode;
  if (context.form === 'json') {
    if (sizeBytes > maxJsonBytes) throw tooLargeForJson(shownPath, sizeBytes);
    const base64 = (await readAll(bytes)).toString('base64');
    return { json: { path: shownPath, sizeBytes, base64 }, text: '' };
  }
  await copyToStdout(context, bytes);
  return { json: { path: shownPath, sizeBytes }, text: '' };
}

async function copyToStdout(
  { terminal, signal }: CommandContext,
  bytes: AsyncIterable<Buffer>,
): Promise<void> {
  try {
    await pipeline(Readable.from(bytes), terminal.stdout, { end: false, signal });
  } catch (error) {
    if (systemErrorCode(error) !== 'EPIPE') throw error;
  }
}

async function readAll(bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts);
}

function notAFile(reference: string, path: string, type: Inode['type']): AshlarError {
  return new AshlarError('file_not_found', `${path} of the image is ${words[type]}, not a file`, {
    data: { path },
    ...(type === 'directory'
      ? { hint: `\`ashlar image files ${reference} ${path}\` lists what is in it.` }
      : {}),
  });
}

const words: Readonly<Record<Inode['type'], string>> = {
  file: 'a file',
  directory: 'a directory',
  symlink: 'a symbolic link',
  char: 'a character device',
  block: 'a block device',
  fifo: 'a named pipe',
  socket: 'a socket',
};

function tooLargeForJson(path: string, sizeBytes: number): AshlarError {
  return new AshlarError(
    'invalid_request',
    `${path} has ${sizeBytes} bytes, too many for a JSON document`,
    { data: { path, sizeBytes }, hint: 'Read it without --output json.' },
  );
}
