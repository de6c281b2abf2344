import { readJsonObject } from '../../image/json-object.ts';
import type { Json } from '../../image/canonical-json.ts';
import { readBootTrace } from '../../image/boot-trace.ts';
import { openImage } from '../../image/open-image.ts';
import { listTags, resolveImage } from '../../image/tags.ts';
import { imageKey } from '../../store/store-paths.ts';
import type { CommandContext } from '../command-context.ts';
import { openStore } from '../open-store.ts';
import { type CommandResult, formatBytes, formatTable } from '../terminal.ts';

/** `ashlar image inspect REF` */
export async function imageInspect(
  context: CommandContext,
  reference: string,
): Promise<CommandResult> {
  using imageStore = await openStore(context, 'read');
  const { objects } = imageStore;
  const digest = await resolveImage(objects, reference);
  const image = await openImage(imageStore, digest);
  const tags: string[] = [];
  for await (const tag of listTags(objects)) if (tag.image === digest) tags.push(tag.name);
  const { totals } = (await image.tree()).root;
  let chunks = 0;
  let storedBytes = 0;
  for (const { storedBytes: bytes } of (await image.locations()).values()) {
    chunks += 1;
    storedBytes += bytes;
  }
  const provenance = (await readJsonObject(objects, imageKey(digest, 'provenance'))) as Json;
  const bootTrace = await readBootTrace(objects, digest);
  const config = image.root.config as unknown as Json;
  const facts = {
    digest,
    tags,
    diskBytes: image.root.diskBytes,
    chunks,
    storedBytes,
    packs: image.placement.packs.length,
    bootChunks: bootTrace?.length ?? null,
  };
  const text = formatTable([
    ['digest', digest],
    ['tags', tags.join(', ') || '<none>'],
    ['disk', formatBytes(image.root.diskBytes)],
    ['stored', `${formatBytes(storedBytes)} in ${chunks} chunks and pages, shared ones included`],
    [
      'files',
      `${totals.files} files of ${formatBytes(totals.contentBytes)}, ${totals.directories} directories, ${totals.others} others`,
    ],
    ['boot', bootTrace === null ? 'never checked' : `reads ${bootTrace.length} chunks`],
    ['config', JSON.stringify(config)],
    ['provenance', JSON.stringify(provenance)],
  ]);
  return { json: { ...facts, totals: { ...totals }, config, provenance }, text };
}
