import { AshlarError } from '../../src/index.ts';
import {
  type ByteRange,
  type CacheState,
  createBodyFlights,
  type FoundBody,
  type OciDigest,
  type RequestLedger,
  type StoredObject,
  type Transfer,
  type TransferLimits,
} from '../../src/network.ts';
import type { Grants } from '../access/grants.ts';
import type { Ask, CacheContext } from '../cache-context.ts';
import { blobKey, linkKey, type Place } from '../store/cache-keys.ts';
import { digestParts } from '../store/digest-parts.ts';
import type { Links } from '../store/links.ts';
import { nameOf } from '../upstream/refusal.ts';
import { retryPlan } from '../upstream/retry-plan.ts';
import { createDigestCheck } from './digest-check.ts';
import { fetchBlob, type WantedBlob } from './fetch-blob.ts';
import { createLinkFinder } from './find-link.ts';
import { createBlobOpener } from './open-blob.ts';
import { passThrough, unlessFull } from './pass-through.ts';
import { rightSize } from './right-size.ts';
import { createSpoolRoom } from './spool-room.ts';

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
  size(place: Place, digest: OciDigest, ask: Ask): Promise<BlobSize>;
  /**
   * The same, and the blob: kept, or being fetched, once for all repositories that have it. What was fetched for one is given out
   * for another only when upstream has said that this has it too.
   */
  find(place: Place, digest: OciDigest, ask: Ask): Promise<FoundBlob>;
  /** Resolves when nothing is being fetched or stored. */
  settled(): Promise<void>;
}

export interface BlobsOptions {
  readonly context: CacheContext;
  readonly grants: Grants;
  readonly links: Links;
  readonly limits: TransferLimits;
}

/** What others were refused, or had stated wrongly, is looked for again; it is theirs only that often. */
const maxTurns = 4;

export function createBlobs(options: BlobsOptions): Blobs {
  const { context, links } = options;
  const { cache } = context;
  const leaders = new WeakMap<Transfer, WantedBlob>();
  const room = createSpoolRoom(context.spool.directory, cache);
  const finder = createLinkFinder(options);
  const flights = createBodyFlights<WantedBlob, StoredObject>(context, {
    keyOf: ({ link }) => blobKey(link.digest),
    absence: 'blob_unknown',
    absenceKeyOf: ({ place, link }) => linkKey(place, link.digest),
    isKnown: () => true,
    find: (key, { link }) => cache.find(key, { digest: digestParts(link.digest) }),
    fetch(wanted, ledger) {
      const fetched = fetchBlob({ ...options, room }, wanted, ledger);
      leaders.set(fetched.transfer, wanted);
      return fetched;
    },
  });
  const leaderOf = (body: FoundBody<StoredObject>): WantedBlob | null =>
    body.kind === 'arriving' ? (leaders.get(body.transfer) ?? null) : null;
  return {
    settled: () => flights.settled(),
    async size(place, digest, ask) {
      const known = await finder.find(place, digest, ask);
      const { link, state } = await finder.given(place, known, ask);
      return { sizeBytes: link.sizeBytes, state };
    },
    async find(place, digest, ask) {
      for (let turn = 1; turn <= maxTurns; turn += 1) {
        const { link } = await finder.find(place, digest, ask);
        const wanted = { place, link };
        using stack = new DisposableStack();
        const body = stack.use(await flights.find(wanted, ask));
        const bytes = { body, leader: leaderOf(body), ...ask };
        const sizeBytes = await rightSize({ cache, links, finder }, wanted, bytes);
        if (sizeBytes === null) continue;
        stack.move();
        const sized = { place, link: { ...link, sizeBytes } };
        const pieces = piecesOf(options, sized, { body, ledger: ask.ledger });
        return Object.assign(body, { sizeBytes, pieces });
      }
      const subject = nameOf({ place, what: 'blob', reference: digest });
      throw new AshlarError('registry_corrupt', `${subject} has another size than upstream says`);
    },
  };
}

/** What reads past the cache is made only where the disk is full. */
function piecesOf(
  { context, grants }: BlobsOptions,
  { place, link }: WantedBlob,
  { body, ledger }: { readonly body: FoundBody<StoredObject>; readonly ledger: RequestLedger },
): FoundBlob['pieces'] {
  const passed = (range: ByteRange, signal: AbortSignal): AsyncIterable<Buffer> => {
    const asked = { place, what: 'blob', reference: link.digest } as const;
    const past = {
      subject: nameOf(asked),
      open: createBlobOpener(context, grants, { place, ledger, ...link }),
      check: createDigestCheck(nameOf(asked), link),
      sizeBytes: link.sizeBytes,
      retry: { ...retryPlan(context, asked), signal },
      signal,
    };
    return passThrough(past, range);
  };
  return (range, signal) =>
    body.kind === 'kept'
      ? context.cache.pieces(body.kept, signal, range)
      : unlessFull(body.transfer, { range, signal }, () => passed(range, signal));
}
