import type { Digest } from '../../digest/digest.ts';
import { AshlarError } from '../../errors/ashlar-error.ts';
import { readJsonObject } from '../../image/json-object.ts';
import type { Json } from '../../image/canonical-json.ts';
import { readBootTrace } from '../../image/boot-trace.ts';
import { openImage } from '../../image/open-image.ts';
import { listTagRecords, resolveImage } from '../../image/references/tags.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { imageKey } from '../../store/store-paths.ts';
import type { CommandContext } from '../command-context.ts';
import { openStore } from '../open-store.ts';
import { type CommandResult, formatBytes, formatTable } from '../terminal.ts';

/** `ashlar image inspect REF`. What is beside the image and damaged is warned of and left out. */
export async function imageInspect(
  context: CommandContext,
  reference: string,
): Promise<CommandResult> {
  using imageStore = await openStore(context, 'read');
  const { objects } = imageStore;
  const digest = await resolveImage(objects, reference);
  const image = await openImage(imageStore, digest);
  const tags = await tagsOf(objects, digest);
  const { totals } = (await image.tree()).root;
  let chunks = 0;
  let storedBytes = 0;
  for (const { storedBytes: bytes } of (await image.locations()).values()) {
    chunks += 1;
    storedBytes += bytes;
  }
  const provenance = (await unlessDamaged(context, () =>
    readJsonObject(objects, imageKey(digest, 'provenance')),
  )) as Json;
  const bootTrace = await unlessDamaged(context, () => readBootTrace(objects, digest));
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
    ['config', printable(config)],
    ['provenance', printable(provenance)],
  ]);
  return { json: { ...facts, totals: { ...totals }, config, provenance }, text };
}

async function tagsOf(objects: ObjectStore, image: Digest): Promise<string[]> {
  const tags: string[] = [];
  for await (const tag of listTagRecords(objects))
    if ('image' in tag && tag.image === image) tags.push(tag.name);
  return tags;
}

async function unlessDamaged<T>(
  { terminal }: CommandContext,
  read: () => Promise<T>,
): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof AshlarError) || error.code !== 'manifest_corrupt') throw error;
    terminal.stderr.write(`warning: ${error.message}\n`);
    return null;
  }
}

/** JSON in which nothing moves a terminal's cursor: what an image says of itself may hold any character. */
function printable(value: Json): string {
  return JSON.stringify(value).replaceAll(/\p{C}|\p{Zl}|\p{Zp}/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
