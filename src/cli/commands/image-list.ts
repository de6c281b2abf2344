import { listImages } from '../../image/list-images.ts';
import { openImage } from '../../image/open-image.ts';
import type { CommandContext } from '../command-context.ts';
import { openStore } from '../open-store.ts';
import { type CommandResult, formatBytes, formatTable } from '../terminal.ts';

/** `ashlar image ls`: the tagged images, or with `all` those of build steps too. The last published comes first. */
export async function imageList(
  context: CommandContext,
  which: 'tagged' | 'all',
): Promise<CommandResult> {
  using imageStore = await openStore(context, 'read');
  const stored = await listImages(imageStore.objects);
  const images = stored.filter(({ tags }) => which === 'all' || tags.length > 0);
  const rows = [];
  for (const { digest, tags, publishedMs } of images) {
    const { root } = await openImage(imageStore, digest);
    rows.push({
      digest,
      tags,
      published: new Date(publishedMs).toISOString(),
      diskBytes: root.diskBytes,
    });
  }
  rows.sort((left, right) => (left.published < right.published ? 1 : -1));
  const lines = rows.flatMap(({ digest, tags, published, diskBytes }) =>
    (tags.length === 0 ? ['<none>'] : tags).map((tag) => [
      tag,
      digest.slice(7, 19),
      published.slice(0, 19),
      formatBytes(diskBytes),
    ]),
  );
  return {
    json: { images: rows },
    text: formatTable([['NAME', 'DIGEST', 'PUBLISHED', 'DISK'], ...lines]),
  };
}
