import { abortable, AshlarError, hasCode } from '../../src/index.ts';
import {
  type ByteRange,
  type CacheState,
  createBodyFlights,
  digestAlgorithm,
  type FoundBody,
  type ObjectCache,
  type OciDigest,
  type RequestLedger,
  type StoredObject,
  type Transfer,
  type TransferLimits,
} from '../../src/network.ts';
import type { Grants } from '../access/grants.ts';
import type { CacheContext } from '../cache-context.ts';
import { blobKey, linkKey, type Place } from '../store/cache-keys.ts';
import type { Link, Links } from '../store/links.ts';
import { nameOf } from '../upstream/refusal.ts';
import { retryPlan } from '../upstream/retry-plan.ts';
import { askForLink } from './ask-for-link.ts';
import { createDigestCheck } from './digest-check.ts';
import { fetchBlob, type WantedBlob } from './fetch-blob.ts';
import { createBlobOpener } from './open-blob.ts';
import { passThrough, unlessFull } from './pass-through.ts';
import { createSpoolRoom } from './spool-room.ts';

export interface BlobAsk {
  readonly ledger: RequestLedger;
  /** Ends the waiting, and no fetch. */
  readonly signal: AbortSignal;
}

export interface BlobSize {
  readonly sizeBytes: number;
  /** `hit` where upstream was not asked. */
  readonly state: CacheState;
}

export type FoundBlob = FoundBody<StoredObject> & {
  readonly sizeBytes: number;
  /** The bytes of a range; on a disk that is full they come from upstream for this reader alone. */
  pieces(range: ByteRange, signal: AbortSignal): AsyncIterable<Buffer>;
};

/** Layers, configs and whatever else a registry keeps by digest. */
export interface Blobs {
  /**
   * The size of a blob that the repository has: as upstream says, or has said. Throws `blob_unknown`, `registry_auth_required`, and
   * upstream's failures.
   */
  size(place: Place, digest: OciDigest, ask: BlobAsk): Promise<BlobSize>;
  /**
   * The same, and the blob: kept, or being fetched, once for all repositories that have it. What was fetched for one is given out
   * for another only when upstream has said that this has it too.
   */
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

/** A link, and how it was come by: `hit` where upstream was not asked for it. */
interface FoundLink {
  readonly link: Link;
  readonly state: CacheState;
}

/** What others were refused, or had stated wrongly, is looked for again; it is theirs only that often. */
const maxTurns = 4;

export function createBlobs(options: BlobsOptions): Blobs {
  const { context, grants, links } = options;
  const { cache } = context;
  const learned = new Map<string, Promise<Link>>();
  const leaders = new WeakMap<Transfer, WantedBlob>();
  const room = createSpoolRoom(context.spool.directory, cache);

  const flights = createBodyFlights<WantedBlob, StoredObject>(context, {
    keyOf: ({ link }) => blobKey(link.digest),
    absence: 'blob_unknown',
    absenceKeyOf: ({ place, link }) => linkKey(place, link.digest),
    isKnown: () => true,
    find: (key, { link }) => cache.find(key, { digest: digestOf(link) }),
    fetch(wanted, ledger) {
      const fetched = fetchBlob({ ...options, room }, wanted, ledger);
      leaders.set(fetched.transfer, wanted);
      return fetched;
    },
  });

  /** Once for all who ask. */
  const learn = async (
    place: Place,
    digest: OciDigest,
    { ledger, signal }: BlobAsk,
  ): Promise<FoundLink> => {
    const key = linkKey(place, digest);
    const running = learned.get(key);
    const asking =
      running ?? askForLink(options, { place, digest, ledger }).finally(() => learned.delete(key));
    learned.set(key, asking);
    const link = await abortable(asking, signal);
    return { link, state: running === undefined ? 'miss' : 'coalesced' };
  };

  /** What the repository has, once it is known that this view may read it. */
  const linkOf = async (place: Place, digest: OciDigest, ask: BlobAsk): Promise<FoundLink> => {
    const link = await ask.ledger.span('cache', () => links.find(place, digest));
    if (link === null) return learn(place, digest, ask);
    await grants.ensure(place, { probe: { what: link.kind, reference: digest }, ...ask });
    return { link, state: 'hit' };
  };

  /** What upstream itself has said: a manifest may name what its registry does not have, or has for others alone. */
  const givenLink = async (place: Place, found: FoundLink, ask: BlobAsk): Promise<FoundLink> => {
    if (found.link.source === 'given') return found;
    const { digest } = found.link;
    const latest = await links.latest(place, digest);
    if (latest?.source !== 'given') return learn(place, digest, ask);
    return { link: latest, state: 'hit' };
  };

  /** The size of what was found; null where it is not for this repository, or is not as it should be. */
  const sizeOf = async (
    { place, link }: WantedBlob,
    found: FoundBody<StoredObject>,
    ask: BlobAsk,
  ): Promise<number | null> => {
    const { digest } = link;
    const leader = found.kind === 'arriving' ? leaders.get(found.transfer) : undefined;
    if (leader !== undefined && linkKey(leader.place, digest) === linkKey(place, digest))
      return leader.link.sizeBytes;
    const { sizeBytes } = (await givenLink(place, { link, state: 'hit' }, ask)).link;
    if (found.kind === 'kept') {
      if (storedBytes(found.kept) === sizeBytes) return sizeBytes;
      if (await isIntact(cache, found.kept, ask.signal)) links.doubt(place, digest, 'all');
      return null;
    }
    if (await isRefused(found.transfer, ask.signal)) return null;
    if (leader?.link.sizeBytes === sizeBytes) return sizeBytes;
    links.doubt(place, digest, 'all');
    return null;
  };

  const piecesOf =
    ({ place, link }: WantedBlob, found: FoundBody<StoredObject>, ledger: RequestLedger) =>
    (range: ByteRange, signal: AbortSignal): AsyncIterable<Buffer> => {
      if (found.kind === 'kept') return cache.pieces(found.kept, signal, range);
      const asked = { place, what: 'blob', reference: link.digest } as const;
      const body = {
        subject: nameOf(asked),
        open: createBlobOpener(context, grants, { place, ledger, ...link }),
        check: createDigestCheck(nameOf(asked), link),
        sizeBytes: link.sizeBytes,
        retry: { ...retryPlan(context, asked), signal },
        signal,
      };
      return unlessFull(found.transfer, { range, signal }, () => passThrough(body, range));
    };

  return {
    settled: () => flights.settled(),
    async size(place, digest, ask) {
      const known = await linkOf(place, digest, ask);
      const { link, state } = await givenLink(place, known, ask);
      return { sizeBytes: link.sizeBytes, state };
    },
    async find(place, digest, ask) {
      for (let turn = 1; turn <= maxTurns; turn += 1) {
        const { link } = await linkOf(place, digest, ask);
        using stack = new DisposableStack();
        const found = stack.use(await flights.find({ place, link }, ask));
        const sizeBytes = await sizeOf({ place, link }, found, ask);
        if (sizeBytes === null) continue;
        stack.move();
        const wanted = { place, link: { ...link, sizeBytes } };
        return Object.assign(found, { sizeBytes, pieces: piecesOf(wanted, found, ask.ledger) });
      }
      const subject = nameOf({ place, what: 'blob', reference: digest });
      throw new AshlarError('registry_corrupt', `${subject} has another size than upstream says`);
    },
  };
}

function digestOf({ digest }: Link): {
  readonly algorithm: 'sha256' | 'sha512';
  readonly hex: string;
} {
  return { algorithm: digestAlgorithm(digest), hex: digest.slice(digest.indexOf(':') + 1) };
}

function storedBytes(kept: StoredObject): number {
  return kept.kind === 'bytes' ? kept.bytes.length : kept.sizeBytes;
}

/** Reads all of it; what is damaged is gone afterwards. */
async function isIntact(
  cache: ObjectCache,
  kept: StoredObject,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    for await (const _ of cache.pieces(kept, signal));
    return true;
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
    return false;
  }
}

/** Whether a fetch for another repository did not begin for reasons that are that repository's own. */
async function isRefused(transfer: Transfer, signal: AbortSignal): Promise<boolean> {
  try {
    await abortable(transfer.opened, signal);
    return false;
  } catch (error) {
    if (hasCode(error, 'registry_auth_required', 'blob_unknown', 'registry_corrupt')) return true;
    if (hasCode(error, 'disk_full')) return false;
    throw error;
  }
}
