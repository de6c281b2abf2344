import { AshlarError } from '../../errors/ashlar-error.ts';
import type { ImageStore } from '../../image/image-store.ts';
import { listImages, type StoredImage } from '../../image/references/list-images.ts';
import { openImage } from '../../image/open-image.ts';
import type { CommandContext } from '../command-context.ts';
import { openStore } from '../open-store.ts';
import { type CommandResult, formatBytes, formatTable } from '../terminal.ts';

/**
 * `ashlar image ls`: the tagged images, or with `all` those of build steps too. The last published comes first. Damaged
 * images are listed as such; damaged tags are warned of.
 */
export async function imageList(
  context: CommandContext,
  which: 'tagged' | 'all',
): Promise<CommandResult> {
  using imageStore = await openStore(context, 'read');
  const { images, danglingTags, damagedTags } = await listImages(imageStore.objects);
  const shown = images.filter(({ tags }) => which === 'all' || tags.length > 0);
  const rows = [];
  for (const image of shown) rows.push(await describeImage(imageStore, image));
  rows.sort((left, right) => (left.published < right.published ? 1 : -1));
  for (const { name, damage } of damagedTags)
    context.terminal.stderr.write(`warning: the tag ${name} is damaged: ${damage.message}\n`);
  for (const { name, image } of danglingTags)
    context.terminal.stderr.write(`warning: the image of the tag ${name} is gone: ${image}\n`);
  const lines = rows.flatMap(({ digest, tags, published, diskBytes, damage }) =>
    (tags.length === 0 ? ['<none>'] : tags).map((tag) => [
      tag,
      digest.slice(7, 19),
      published.slice(0, 19),
      diskBytes === null ? (damage ?? '') : formatBytes(diskBytes),
    ]),
  );
  return {
    json: { images: rows },
    text: formatTable([['NAME', 'DIGEST', 'PUBLISHED', 'DISK'], ...lines]),
  };
}

interface ImageRow {
  readonly digest: string;
  readonly tags: readonly string[];
  readonly published: string;
  readonly diskBytes: number | null;
  /** The code of what keeps the image from being opened. */
  readonly damage: string | null;
  readonly [key: string]: string | number | null | readonly string[];
}

async function describeImage(
  imageStore: ImageStore,
  { digest, tags, publishedMs }: StoredImage,
): Promise<ImageRow> {
  const row = { digest, tags, published: new Date(publishedMs).toISOString() };
  try {
    const { root } = await openImage(imageStore, digest);
    return { ...row, diskBytes: root.diskBytes, damage: null };
  } catch (error) {
    if (!(error instanceof AshlarError) || error.code === 'store_unreachable') throw error;
    return { ...row, diskBytes: null, damage: error.code };
  }
}
