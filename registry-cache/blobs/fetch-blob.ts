import { hasCode } from '../../src/index.ts';
import {
  type FetchedBody,
  type RequestLedger,
  startTransfer,
  type StoreOutcome,
  type TransferLimits,
} from '../../src/network.ts';
import type { Grants } from '../access/grants.ts';
import type { CacheContext } from '../cache-context.ts';
import { blobKey, type Place } from '../store/cache-keys.ts';
import type { Link, Links } from '../store/links.ts';
import { nameOf } from '../upstream/refusal.ts';
import { retryPlan } from '../upstream/retry-plan.ts';
import { createDigestCheck } from './digest-check.ts';
import { createBlobOpener } from './open-blob.ts';
import type { SpoolRoom } from './spool-room.ts';

/** A blob as a repository is known to have it. */
export interface WantedBlob {
  readonly place: Place;
  readonly link: Link;
}

export interface BlobFetch {
  readonly context: CacheContext;
  readonly grants: Grants;
  readonly links: Links;
  readonly limits: TransferLimits;
  readonly room: SpoolRoom;
}

/** Begins to fetch a blob. The transfer fails with `disk_full` before it begins where there is no room for it. */
export function fetchBlob(
  { context, grants, links, limits, room }: BlobFetch,
  { place, link }: WantedBlob,
  ledger: RequestLedger,
): FetchedBody {
  const { digest, sizeBytes } = link;
  const asked = { place, what: 'blob', reference: digest } as const;
  const subject = nameOf(asked);
  const reserved = new DisposableStack();
  const open = createBlobOpener(context, grants, { place, digest, sizeBytes, ledger });
  let isRoomMade = false;
  const transfer = startTransfer({
    subject,
    async open(from) {
      if (!isRoomMade && sizeBytes > limits.wholeBytes)
        reserved.use(await room.reserve(subject, sizeBytes));
      isRoomMade = true;
      return open(from);
    },
    createCheck: () => createDigestCheck(subject, { digest, sizeBytes }),
    limits,
    spool: context.spool,
    makeRoom: context.cache.free,
    retry: retryPlan(context, asked),
  });
  const ended = transfer.verified.finally(() => reserved.dispose());
  // What a manifest says wrongly of a blob is not held against those who ask for it next, nor what an answer to HEAD said.
  ended.catch((error: unknown) =>
    links.doubt(place, digest, hasCode(error, 'registry_corrupt') ? 'all' : 'stated'),
  );
  const keep = async (): Promise<StoreOutcome> => {
    // An index may say of it which manifest it is: of what type it is, only upstream's answer to that question tells.
    links.add(place, [{ ...link, kind: 'blob', mediaType: null, source: 'given' }]);
    await grants.confirm(place);
    const outcome = await context.cache.store(blobKey(digest), transfer.contents());
    if (outcome.kind === 'not-kept') context.onNotKept(subject, outcome.because);
    return outcome;
  };
  return { transfer, keep };
}
