import { quarantinePack, rescuePack } from '../chunks/pack-quarantine.ts';
import type { Digest } from '../digest/digest.ts';
import { type ImageStore, withoutRescue } from '../image/image-store.ts';
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts';
import { digestInKey, quarantineKey } from '../store/store-paths.ts';
import { type KeepReason, type MarkedImages, markImages, referencedImages } from './mark-images.ts';
import { rewritePacks } from './rewrite-packs.ts';
import { type PackSurvey, surveyPacks } from './survey-packs.ts';
import { findLeftovers, removeLeftovers, unpublishImages } from './unpublish-images.ts';

export interface CollectOptions {
  /** `report` changes nothing and says what `apply` would do. */
  readonly mode: 'report' | 'apply';
  readonly nowMs: number;
  readonly graceMs: number;
  readonly keepStepsMs: number;
  /** How long packs stay in quarantine before they are deleted. */
  readonly quarantineMs: number;
  readonly signal?: AbortSignal;
}

export interface CollectReport {
  readonly kept: ReadonlyMap<Digest, KeepReason>;
  readonly removedImages: readonly Digest[];
  /** Steps and leases that are over, and what killed processes left of images. */
  readonly removedRecords: number;
  /** Packs that nothing refers to: put into quarantine. */
  readonly quarantined: readonly Digest[];
  /** Packs in quarantine that something refers to again: put back. */
  readonly rescued: readonly Digest[];
  readonly deleted: readonly Digest[];
  readonly deletedBytes: number;
  /** Packs that are mostly dead: what lives in them was copied to new packs. */
  readonly rewritten: readonly Digest[];
}

export const defaultCollectTimes = {
  graceMs: 24 * 3600_000,
  keepStepsMs: 14 * 24 * 3600_000,
  quarantineMs: 7 * 24 * 3600_000,
} as const;

/**
 * Collects garbage: images that nothing refers to are unpublished; packs that no image refers to go to quarantine, from
 * where any reader takes them back, and are deleted when they have been there for long and are still unused; packs of
 * which little lives are rewritten. Safe beside other collections, and beside builds that take less than the grace
 * period; one that is killed leaves nothing broken. An image, a tag or a lease that cannot be read stops the collection
 * before anything is changed: what it refers to is not known.
 */
export async function collectGarbage(
  imageStore: ImageStore,
  options: CollectOptions,
): Promise<CollectReport> {
  const { objects } = imageStore;
  const isOld = (info: ObjectInfo): boolean => options.nowMs - info.modifiedMs >= options.graceMs;
  const marked = await markImages(objects, options);
  const { signal } = options;
  const survey = await surveyPacks(withoutRescue(imageStore), marked.kept.keys(), {
    isOld,
    signal,
  });
  const plan: CollectPlan = {
    marked,
    survey,
    quarantine: await readQuarantine(objects, survey.live, options),
    leftovers: await findLeftovers(objects, isOld),
  };
  const report = {
    kept: marked.kept,
    removedImages: marked.unused,
    removedRecords: marked.endedKeys.length + plan.leftovers.length,
    quarantined: survey.unused,
    rescued: plan.quarantine.rescued,
    ...sumDeleted(plan.quarantine.expired),
    rewritten: [...survey.sparse.packs],
  };
  if (options.mode === 'report') return report;
  return { ...report, ...(await carryOut(imageStore, plan, { ...options, isOld })) };
}

interface CollectPlan {
  readonly marked: MarkedImages;
  readonly survey: PackSurvey;
  readonly quarantine: Quarantine;
  readonly leftovers: readonly string[];
}

interface Quarantine {
  readonly rescued: readonly Digest[];
  readonly expired: readonly ExpiredPack[];
}

interface ExpiredPack {
  readonly pack: Digest;
  readonly sizeBytes: number;
}

async function carryOut(
  imageStore: ImageStore,
  plan: CollectPlan,
  options: CollectOptions & { readonly isOld: (info: ObjectInfo) => boolean },
): Promise<Partial<CollectReport>> {
  const { objects } = imageStore;
  const { isOld, nowMs, signal } = options;
  const removedImages = await unpublishImages(objects, plan.marked.unused, {
    isOld,
    referenced: () => referencedImages(objects, nowMs),
    signal,
  });
  for (const key of plan.marked.endedKeys) await objects.delete(key);
  await removeLeftovers(objects, plan.leftovers, isOld);
  const rescued: Digest[] = [];
  for (const pack of plan.quarantine.rescued) {
    signal?.throwIfAborted();
    if (await rescuePack(objects, pack)) rescued.push(pack);
  }
  const quarantined: Digest[] = [];
  for (const pack of plan.survey.unused) {
    signal?.throwIfAborted();
    imageStore.index().forgetPack(pack);
    if (await quarantinePack(objects, pack)) quarantined.push(pack);
  }
  const deleted: ExpiredPack[] = [];
  for (const expired of plan.quarantine.expired) {
    signal?.throwIfAborted();
    const key = quarantineKey(expired.pack);
    // One that another collection has just put there has its time before it.
    const info = await objects.head(key);
    if (info === null || nowMs - info.modifiedMs < options.quarantineMs) continue;
    await objects.delete(key);
    deleted.push(expired);
  }
  const rewritten = await rewritePacks(imageStore, plan.survey.sparse, signal);
  return { removedImages, rescued, quarantined, ...sumDeleted(deleted), rewritten };
}

function sumDeleted(
  packs: readonly ExpiredPack[],
): Pick<CollectReport, 'deleted' | 'deletedBytes'> {
  return {
    deleted: packs.map(({ pack }) => pack),
    deletedBytes: packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

async function readQuarantine(
  objects: ObjectStore,
  live: ReadonlySet<Digest>,
  options: CollectOptions,
): Promise<Quarantine> {
  const rescued: Digest[] = [];
  const expired: ExpiredPack[] = [];
  for await (const { key, modifiedMs, sizeBytes } of objects.list('quarantine/')) {
    const pack = digestInKey(key);
    if (pack === null) continue;
    if (live.has(pack)) rescued.push(pack);
    else if (options.nowMs - modifiedMs >= options.quarantineMs) expired.push({ pack, sizeBytes });
  }
  return { rescued, expired };
}
