import { abortable, AshlarError } from '../../src/index.ts';
import {
  type AttemptFailure,
  bookResponse,
  createBodyFlights,
  digestAlgorithm,
  type FetchedBody,
  type FoundBody,
  type OciDigest,
  type RequestLedger,
  startTransfer,
  type StoredObject,
  type StoreOutcome,
  type TransferLimits,
} from '../../src/network.ts';
import type { Grants } from '../access/grants.ts';
import type { CacheContext } from '../cache-context.ts';
import { blobKey, linkKey, type Place } from '../store/cache-keys.ts';
import type { Link, Links } from '../store/links.ts';
import { nameOf, refusalOf } from '../upstream/refusal.ts';
import { createDigestCheck } from './digest-check.ts';
import { createBlobOpener } from './open-blob.ts';

export interface BlobAsk {
  readonly ledger: RequestLedger;
  /** Ends the waiting, and no fetch. */
  readonly signal: AbortSignal;
}

export type FoundBlob = FoundBody<StoredObject> & { readonly sizeBytes: number };

/** Layers, configs and whatever else a registry keeps by digest. */
export interface Blobs {
  /**
   * The size of a blob that the repository has: as kept, or as upstream says. Throws `blob_unknown`, `registry_auth_required`, and
   * upstream's failures.
   */
  size(place: Place, digest: OciDigest, ask: BlobAsk): Promise<number>;
  /** The same, and the blob: kept, or being fetched, once for all repositories that have it. */
  find(place: Place, digest: OciDigest, ask: BlobAsk): Promise<FoundBlob>;
  /** Resolves when nothing is being fetched or stored. */
  settled(): Promise<void>;
}

export interface BlobsOptions {
  readonly context: CacheContext;
  readonly grants: Grants;
  readonly links: Links;
  readonly limits: TransferLimits;
  /** Told of what could not be kept; who asked has it all the same. */
  readonly onNotKept: (subject: string, error: unknown) => void;
}

interface Wanted {
  readonly place: Place;
  readonly link: Link;
}

export function createBlobs(options: BlobsOptions): Blobs {
  const { context, grants, links } = options;
  const { cache } = context;
  const learned = new Map<string, Promise<Link>>();

  const flights = createBodyFlights<Wanted, StoredObject>(context, {
    keyOf: ({ link }) => blobKey(link.digest),
    absence: 'blob_unknown',
    isKnown: () => true,
    find: (key, { link }) => cache.find(key, expectedOf(link)),
    fetch: (wanted, ledger) => startFetch(options, wanted, ledger),
  });

  /** Once for all who ask. */
  const learn = (place: Place, digest: OciDigest, ledger: RequestLedger): Promise<Link> => {
    const key = linkKey(place, digest);
    const running = learned.get(key);
    if (running !== undefined) return running;
    const run = askForLink(options, { place, digest, ledger }).finally(() => learned.delete(key));
    learned.set(key, run);
    return run;
  };

  /** What the repository has, once it is known that this view may read it. */
  const linkOf = async (
    place: Place,
    digest: OciDigest,
    { ledger, signal }: BlobAsk,
  ): Promise<Link> => {
    const link = await ledger.span('cache', () => links.find(place, digest));
    if (link === null) return abortable(learn(place, digest, ledger), signal);
    const probe = { what: link.kind, reference: digest } as const;
    await grants.ensure(place, { probe, ledger, signal });
    return link;
  };

  return {
    settled: () => flights.settled(),
    async size(place, digest, ask) {
      const link = await linkOf(place, digest, ask);
      if (link.source === 'given') return link.sizeBytes;
      if ((await cache.find(blobKey(digest), expectedOf(link))) !== null) return link.sizeBytes;
      // A manifest may name what its registry does not have.
      return (await abortable(learn(place, digest, ask.ledger), ask.signal)).sizeBytes;
    },
    async find(place, digest, ask) {
      const link = await linkOf(place, digest, ask);
      const found = await flights.find({ place, link }, ask);
      return Object.assign(found, { sizeBytes: link.sizeBytes });
    },
  };
}

function expectedOf({ digest, sizeBytes }: Link): {
  readonly sizeBytes: number;
  readonly digest: { readonly algorithm: 'sha256' | 'sha512'; readonly hex: string };
} {
  const hex = digest.slice(digest.indexOf(':') + 1);
  return { sizeBytes, digest: { algorithm: digestAlgorithm(digest), hex } };
}

interface LinkQuestion {
  readonly place: Place;
  readonly digest: OciDigest;
  readonly ledger: RequestLedger;
}

/**
 * Asks upstream whether the repository has a blob, and of which size. Some registries do not know of HEAD what they give by GET
 * (Harbor as a cache): there a GET is asked, whose body is not read.
 */
async function askForLink(
  { context, grants, links }: BlobsOptions,
  { place, digest, ledger }: LinkQuestion,
): Promise<Link> {
  const { sources, settings, signal } = context;
  const asked = { place, what: 'blob', reference: digest } as const;
  await grants.admit(place, { probe: asked, ledger, signal });
  for (const method of ['HEAD', 'GET'] as const) {
    const response = await sources.ask({
      method,
      place,
      path: `blobs/${digest}`,
      headers: { accept: '*/*' },
      timeoutMs: settings.fetchTimeoutMs,
      signal,
      ledger,
    });
    bookResponse(ledger, response);
    await response.discard();
    const length = response.header('content-length') ?? '';
    if (response.status === 200 && /^\d{1,15}$/.test(length)) {
      const link: Link = {
        digest,
        sizeBytes: Number(length),
        kind: 'blob',
        mediaType: null,
        source: 'given',
      };
      await grants.confirm(place);
      links.add(place, [link]);
      return link;
    }
    if (response.status === 401 || response.status === 403) await grants.revoke(place);
    const isUnsure = response.status === 200 || response.status === 404 || response.status === 405;
    if (method === 'GET' || !isUnsure) throw refusalOf(response, asked);
  }
  throw new AshlarError('internal', 'a blob was asked for in no way');
}

function startFetch(
  { context, grants, links, limits, onNotKept }: BlobsOptions,
  { place, link }: Wanted,
  ledger: RequestLedger,
): FetchedBody {
  const { digest, sizeBytes } = link;
  const subject = nameOf({ place, what: 'blob', reference: digest });
  const transfer = startTransfer({
    subject,
    open: createBlobOpener(context, grants, { place, digest, sizeBytes, ledger }),
    createCheck: () => createDigestCheck(subject, { digest, sizeBytes }),
    limits,
    spoolDirectory: context.spoolDirectory,
    makeRoom: context.cache.free,
    retry: {
      policy: context.retry,
      waiting: context.waiting,
      signal: context.signal,
      giveUp: (failure: AttemptFailure, attempts) =>
        new AshlarError(failure.facts.code, `${failure.message}; asked ${attempts} times`, {
          cause: failure,
          data: { blob: digest },
        }),
    },
  });
  // What a manifest says wrongly of a blob is not held against those who ask for it next.
  transfer.verified.catch(() => links.doubt(place, digest));
  const keep = async (): Promise<StoreOutcome> => {
    links.add(place, [{ ...link, source: 'given' }]);
    await grants.confirm(place);
    const outcome = await context.cache.store(blobKey(digest), transfer.contents());
    if (outcome.kind === 'not-kept') onNotKept(subject, outcome.because);
    return outcome;
  };
  return { transfer, keep };
}
