import { AshlarError, toAshlarError } from '../../src/index.ts';
import {
  createRequestLedger,
  formatPlatform,
  type OciDigest,
  parsePlatform,
  parseReference,
  type Platform,
  suitsPlatform,
} from '../../src/network.ts';
import { publicView } from '../access/view.ts';
import type { CacheCore } from '../cache-core.ts';
import { type Descriptor, namedContent } from '../manifests/named-content.ts';
import type { Place } from '../store/cache-keys.ts';

export interface WarmSummary {
  readonly images: readonly WarmedImage[];
  readonly failures: readonly WarmFailure[];
}

export interface WarmFailure {
  readonly subject: string;
  readonly problem: string;
  /** What to do about it. */
  readonly hint: string;
}

export interface WarmedImage {
  readonly image: string;
  readonly digest: string;
  readonly manifests: number;
  readonly blobs: number;
  /** Of the blobs, those that were not there before. */
  readonly fetchedBytes: number;
}

export interface WarmOptions {
  /** Platforms such as `linux/amd64`; none for all that an index has. */
  readonly platforms: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress: (subject: string) => void;
}

/** Fetches whole images into the cache, as anybody may read them; goes on when some fail, and says which. */
export async function warmImages(
  core: CacheCore,
  references: readonly string[],
  options: WarmOptions,
): Promise<WarmSummary> {
  const images: WarmedImage[] = [];
  const failures: WarmFailure[] = [];
  const platforms = options.platforms.map((text) => parsePlatform(text));
  for (const reference of references) {
    try {
      images.push(await warm(core, reference, { ...options, platforms }));
    } catch (error) {
      options.signal.throwIfAborted();
      const { message, hint } = toAshlarError(error);
      failures.push({ subject: reference, problem: message, hint });
    }
  }
  return { images, failures };
}

interface Warming extends Omit<WarmOptions, 'platforms'> {
  readonly platforms: readonly Platform[];
}

async function warm(core: CacheCore, text: string, options: Warming): Promise<WarmedImage> {
  const { signal } = options;
  const { registry: host, repository, tag, digest: stated } = parseReference(text);
  const registry = core.config.byHost.get(host);
  if (registry === undefined)
    throw new AshlarError('registry_not_cached', `${host} is no registry of this cache`);
  const place = { view: publicView(registry), repository };
  const ledger = createRequestLedger();
  const ask = { ledger, signal, freshness: 'confirmed' } as const;
  const digest =
    stated ?? (await core.tags.find({ place, tag: tag ?? 'latest' }, ask)).record.digest;
  const sums = { manifests: 0, blobs: 0, fetchedBytes: 0 };
  await warmManifest(core, { place, digest, text, sums, depth: 0 }, options);
  return { image: text, digest, ...sums };
}

interface WarmTask {
  readonly place: Place;
  readonly digest: OciDigest;
  readonly text: string;
  readonly sums: { manifests: number; blobs: number; fetchedBytes: number };
  readonly depth: number;
}

/** An index that nests itself would have no end. */
const maxDepth = 4;

async function warmManifest(core: CacheCore, task: WarmTask, options: Warming): Promise<void> {
  const { place, digest, text, sums, depth } = task;
  const { signal, platforms, onProgress } = options;
  if (depth > maxDepth)
    throw new AshlarError('image_invalid', `${text}: indexes lie in each other too deeply`);
  const ledger = createRequestLedger();
  const { bytes } = await core.manifests.find(place, digest, { ledger, signal });
  sums.manifests += 1;
  const { manifests, blobs } = namedContent(bytes);
  const children = (manifests ?? []).filter((each) => isWanted(each, platforms));
  if (manifests !== null && children.length === 0 && platforms.length > 0) {
    const wanted = platforms.map((platform) => formatPlatform(platform)).join(', ');
    throw new AshlarError('image_unsupported', `${text} has no image for ${wanted}`);
  }
  for (const child of children)
    await warmManifest(core, { ...task, digest: child.digest, depth: depth + 1 }, options);
  for (const { digest: blob } of blobs) {
    onProgress(`${text}: ${blob.slice(0, 19)}`);
    await warmBlob(core, { ...task, digest: blob }, signal);
  }
}

async function warmBlob(
  core: CacheCore,
  { place, digest, text, sums }: WarmTask,
  signal: AbortSignal,
): Promise<void> {
  const ledger = createRequestLedger();
  using found = await core.blobs.find(place, digest, { ledger, signal });
  sums.blobs += 1;
  if (found.kind === 'kept') return;
  const outcome = await found.stored;
  if (outcome.kind === 'not-kept')
    throw new AshlarError(
      outcome.because.code,
      `${text}: ${digest} was fetched, but cannot be kept: ${outcome.because.message}`,
      { cause: outcome.because },
    );
  sums.fetchedBytes += found.sizeBytes;
}

function isWanted({ platform: stated }: Descriptor, wanted: readonly Platform[]): boolean {
  if (wanted.length === 0) return true;
  const platform = platformOf(stated);
  return platform !== null && wanted.some((each) => suitsPlatform(platform, each));
}

/** Null for what cannot be read. */
function platformOf(value: unknown): Platform | null {
  if (typeof value !== 'object' || value === null) return null;
  const { os, architecture, variant } = value as Record<string, unknown>;
  if (typeof os !== 'string' || typeof architecture !== 'string') return null;
  const suffix = typeof variant === 'string' ? `/${variant}` : '';
  try {
    return parsePlatform(`${os}/${architecture}${suffix}`);
  } catch (error) {
    if (error instanceof AshlarError) return null;
    throw error;
  }
}
