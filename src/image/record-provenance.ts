import type { Digest } from '../digest/digest.ts';
import { hasCode } from '../errors/has-code.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { imageKey } from '../store/store-paths.ts';
import { canonicalJson, type Json } from './canonical-json.ts';
import { readJsonObject, writeDocument } from './json-object.ts';

/** Kinds of images that are made on the way to another, or that may be an older one again. */
const passingKinds: readonly unknown[] = ['step', 'stage', 'resize', 'scratch', 'setup-undone'];

/**
 * Records how an image came to be. The result of a build or an import may be a step of another build too: what was said
 * of it as a result stays.
 */
export async function recordProvenance(
  objects: ObjectStore,
  image: Digest,
  provenance: Json,
): Promise<void> {
  if (isPassing(provenance)) {
    const known = await readProvenance(objects, image);
    if (known !== null && !isPassing(known)) return;
  }
  await writeProvenance(objects, image, provenance);
}

/**
 * The same for an image that exists already and turns out to be a result: the latest build counts, but what came from
 * outside stays that, though a build adds nothing to it. What differs in nothing but its time is not written.
 */
export async function renewProvenance(
  objects: ObjectStore,
  image: Digest,
  provenance: Json,
): Promise<void> {
  if (isPassing(provenance)) return;
  const known = await readProvenance(objects, image);
  const isFromElsewhere =
    known !== null && !isPassing(known) && kindOf(known) !== kindOf(provenance);
  if (isFromElsewhere || (known !== null && timeless(known) === timeless(provenance))) return;
  await writeProvenance(objects, image, provenance);
}

async function writeProvenance(
  objects: ObjectStore,
  image: Digest,
  provenance: Json,
): Promise<void> {
  await writeDocument(objects, imageKey(image, 'provenance'), canonicalJson(provenance));
}

/** Null where there is none, or a damaged one. */
async function readProvenance(objects: ObjectStore, image: Digest): Promise<Json | null> {
  try {
    return (await readJsonObject(objects, imageKey(image, 'provenance'))) as Json;
  } catch (error) {
    if (hasCode(error, 'manifest_corrupt')) return null;
    throw error;
  }
}

function isPassing(provenance: Json): boolean {
  return passingKinds.includes(kindOf(provenance));
}

function kindOf(provenance: Json): Json | undefined {
  return membersOf(provenance)['kind'];
}

function timeless(provenance: Json): string {
  const { built: _, ...lasting } = membersOf(provenance);
  return canonicalJson(lasting);
}

function membersOf(provenance: Json): Readonly<Record<string, Json>> {
  return typeof provenance === 'object' && !Array.isArray(provenance) && provenance !== null
    ? (provenance as Readonly<Record<string, Json>>)
    : {};
}
