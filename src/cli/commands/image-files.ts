import { fromUtf8, toDisplay } from '../../bytes/byte-path.ts';
import { openImage } from '../../image/open-image.ts';
import { resolveImage } from '../../image/references/tags.ts';
import type { Inode } from '../../tree/inode.ts';
import type { CommandContext } from '../command-context.ts';
import { openStore } from '../open-store.ts';
import { type CommandResult, formatTable } from '../terminal.ts';

export { imageCat } from './image-cat.ts';

/** `ashlar image files REF [PATH]`: all entries at and below a path. */
export async function imageFiles(
  context: CommandContext,
  reference: string,
  path: string,
): Promise<CommandResult> {
  using imageStore = await openStore(context, 'read');
  const image = await openImage(imageStore, await resolveImage(imageStore.objects, reference));
  const tree = await image.tree();
  const start = await tree.lookupFollowing(fromUtf8(path));
  const files = [];
  for await (const entry of tree.entries(start.path)) {
    const { inode } = entry;
    files.push({
      path: `/${toDisplay(entry.path)}`,
      type: inode.type,
      mode: inode.mode.toString(8).padStart(4, '0'),
      uid: inode.uid,
      gid: inode.gid,
      modified: new Date(inode.mtime.sec * 1000).toISOString(),
      sizeBytes: inode.type === 'file' ? inode.sizeBytes : 0,
      ...(inode.type === 'symlink' ? { target: toDisplay(inode.target) } : {}),
      ...(entry.firstPath === entry.path ? {} : { linkOf: `/${toDisplay(entry.firstPath)}` }),
    });
  }
  const rows = files.map((file) => [
    typeLetter[file.type] + file.mode,
    `${file.uid}:${file.gid}`,
    String(file.sizeBytes).padStart(12),
    file.modified.slice(0, 19),
    file.path +
      ('target' in file ? ` -> ${file.target}` : '') +
      ('linkOf' in file ? ` = ${file.linkOf}` : ''),
  ]);
  return { json: { files }, text: formatTable(rows) };
}

const typeLetter: Readonly<Record<Inode['type'], string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  char: 'c',
  block: 'b',
  fifo: 'p',
  socket: 's',
};
