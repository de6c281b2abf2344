import {
  applyLikeSibling,
  type AppliedSetup,
  applySetup,
  type ApplySetupOptions,
  detectBase,
  fingerprintOf,
  planSetup,
  type SetupOptions,
  type SetupPlan,
  setupRevision,
  storedImageFiles,
} from '../../base-images/index.ts';
import { toDisplay } from '../bytes/byte-path.ts';
import { type Digest, digestOf, isDigest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { hasCode } from '../errors/has-code.ts';
import { canonicalJson, type Json } from '../image/canonical-json.ts';
import { deriveImage } from '../image/derive-image.ts';
import type { ImageStore } from '../image/image-store.ts';
import { readJsonObject } from '../image/json-object.ts';
import { openImage, type OpenImage } from '../image/open-image.ts';
import { createStepResults, type StepResults } from '../image/references/step-results.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { imageKey } from '../store/store-paths.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { CommandContext } from './command-context.ts';
import { guestBundle } from './guest-bundle.ts';
import { reportFrom, reportOf } from './make-setup-report.ts';
import { reportForProvenance, type SetUpReport } from './setup-report.ts';
import type { SetupRequest } from './setup-request.ts';

type Making = Required<ApplySetupOptions>;

export interface SetUpPlace {
  readonly context: CommandContext;
  readonly imageStore: ImageStore;
  readonly ledger: Ledger;
  /** Whether what was made before counts. */
  readonly cache: 'use' | 'ignore';
}

export interface SetUpImage {
  readonly digest: Digest;
  readonly newStoredBytes: number;
  readonly report: SetUpReport;
}

/**
 * Sets an image of the store up: as it is remembered where the same was done before, and else now. Throws `setup_refused` or
 * `base_file_unusable` where something that was asked for cannot be; nothing is changed then.
 */
export async function setUpStoredImage(
  place: SetUpPlace,
  digest: Digest,
  request: SetupRequest,
): Promise<SetUpImage> {
  const { imageStore, ledger, context } = place;
  const { objects } = imageStore;
  const image = await ledger.span('cache', digest, () => openImage(imageStore, digest));
  const options = await setupOptions(place, image, request);
  const results = createStepResults(objects, context.nowMs);
  const key = keyOf(digest, options);
  const known =
    place.cache === 'ignore' ? null : await ledger.span('cache', key, () => results.find(key));
  const origin = await provenanceOf(objects, digest);
  const before = known === null ? null : await asBefore(place, { known, image: digest, origin });
  if (before !== null) return before;
  const plan = await ledger.span('tree', 'setup', () => planFor(imageStore, digest, options));
  refuse(plan);
  const report = reportOf(plan);
  const provenance = (origin ?? { kind: 'setup' }) as Readonly<Record<string, Json>>;
  const making = { image: digest, plan, provenance, report: reportForProvenance(report) };
  const setUp = await apply(place, results, making);
  await ledger.span('upload', setUp.digest, () => results.record(key, setUp.digest));
  return { digest: setUp.digest, newStoredBytes: setUp.newStoredBytes, report };
}

/** Most images are set up a second time with a few files changed: then the first time helps. */
async function apply(
  { imageStore, ledger, cache }: SetUpPlace,
  results: StepResults,
  making: Making,
): Promise<AppliedSetup> {
  const { plan, provenance } = making;
  const { dockerfileDigest = null, target = null } = provenance;
  const like = canonicalJson([fingerprintOf(plan), dockerfileDigest, target]);
  const key = digestOf(Buffer.from(`setup like ${setupRevision} ${like}`, 'utf8'));
  const isNew = plan.changes.length > 0;
  const isSought = isNew && cache === 'use';
  const sibling = isSought ? await ledger.span('cache', key, () => results.find(key)) : null;
  const setUp = await ledger.span('layout', 'setup', async () => {
    const base = sibling === null ? null : await baseOf(imageStore, sibling);
    const patched =
      sibling === null || base === null
        ? null
        : await unlessGone(() => applyLikeSibling(imageStore, making, { base, setUp: sibling }));
    return patched ?? applySetup(imageStore, making);
  });
  if (isNew) await ledger.span('upload', key, () => results.record(key, setUp.digest));
  return setUp;
}

/** How an image came to be; null where nothing says so that can be read. */
async function provenanceOf(
  objects: ObjectStore,
  image: Digest,
): Promise<Record<string, unknown> | null> {
  try {
    return await readJsonObject(objects, imageKey(image, 'provenance'));
  } catch (error) {
    if (hasCode(error, 'manifest_corrupt')) return null;
    throw error;
  }
}

/** What an image was before its setup, as its provenance says. */
async function baseOf({ objects }: ImageStore, setUp: Digest): Promise<Digest | null> {
  const provenance = await provenanceOf(objects, setUp);
  const base = (provenance?.['setup'] as { readonly base?: unknown } | undefined)?.base;
  return typeof base === 'string' && isDigest(base) ? base : null;
}

/** Null where an image was collected meanwhile, or is damaged where it has to be read. */
async function unlessGone<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (hasCode(error, 'image_not_found', 'manifest_corrupt', 'tree_corrupt')) return null;
    throw error;
  }
}

/** The plan for an image, and nothing done. */
export async function planStoredSetup(
  place: SetUpPlace,
  digest: Digest,
  request: SetupRequest,
): Promise<SetupPlan> {
  const { imageStore } = place;
  const image = await openImage(imageStore, digest);
  const options = await setupOptions(place, image, request);
  return planFor(imageStore, digest, options);
}

/** Throws the first of what was asked for and cannot be, with all in the message. */
export function refuse({ refusals }: SetupPlan): void {
  const [first] = refusals;
  if (first === undefined) return;
  throw new AshlarError(
    first.code,
    `the image cannot be set up as asked: ${refusals.map(({ message }) => message).join('; ')}`,
    {
      data: {
        parts: refusals.map(({ step }) => step),
        ...(first.path === null ? {} : { path: `/${toDisplay(first.path)}` }),
      },
      hint: first.hint,
    },
  );
}

async function setupOptions(
  { context, ledger }: SetUpPlace,
  image: OpenImage,
  { options, init }: SetupRequest,
): Promise<SetupOptions> {
  const asked = init === 'as-before' ? {} : { init };
  const guest =
    init === 'leave'
      ? null
      : await ledger.span('cache', 'guest', () =>
          guestBundle(context.config.home, image.root.config),
        );
  return { ...options, ...asked, guest };
}

async function planFor(
  imageStore: ImageStore,
  digest: Digest,
  options: SetupOptions,
): Promise<SetupPlan> {
  const files = await storedImageFiles(imageStore, digest);
  const facts = await detectBase(files);
  return planSetup({ files, facts, options });
}

function keyOf(image: Digest, options: SetupOptions): Digest {
  const {
    ca = [],
    guest,
    npmRegistry,
    pipIndex,
    dockerMirror,
    aptMirror,
    user,
    uid,
    init,
  } = options;
  const asked: Json = {
    user: user ?? null,
    uid: uid ?? null,
    init: init ?? null,
    ca: ca.map(({ fingerprint }) => fingerprint),
    urls: [npmRegistry, pipIndex, dockerMirror, aptMirror].map((url) => url?.href ?? null),
    guest: guestKey(guest),
  };
  return digestOf(Buffer.from(`setup ${setupRevision} ${image} ${canonicalJson(asked)}`, 'utf8'));
}

function guestKey(guest: SetupOptions['guest']): Json {
  if (guest === null || 'missing' in guest) return guest === null ? 'leave' : 'missing';
  const { busybox, architecture, command } = guest;
  return {
    busybox: digestOf(busybox),
    architecture,
    command: command === null ? null : { ...command },
  };
}

interface KnownSetup {
  readonly known: Digest;
  readonly image: Digest;
  readonly origin: Record<string, unknown> | null;
}

/**
 * An image that is there already: it gets the provenance of the build that ends with it now. Null where nothing says what was done.
 */
async function asBefore(
  { imageStore, ledger }: SetUpPlace,
  { known, image, origin }: KnownSetup,
): Promise<SetUpImage | null> {
  const { objects } = imageStore;
  const kept = await provenanceOf(objects, known);
  const setup = kept?.['setup'];
  const made = reportFrom(setup);
  if (made === null) return null;
  const report = known === image ? { ...made, changes: [] } : made;
  if (origin !== null) {
    const provenance = { ...origin, setup } as unknown as Json;
    await ledger.span('upload', known, async () => {
      const opened = await openImage(imageStore, known);
      await deriveImage(imageStore, opened, { config: opened.root.config, provenance });
    });
  }
  return { digest: known, newStoredBytes: 0, report };
}
