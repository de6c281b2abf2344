import { abortable } from '../../src/index.ts';
import {
  type CacheState,
  claimed,
  digestAlgorithm,
  type OciDigest,
  manifestAccept,
  type RequestLedger,
} from '../../src/network.ts';
import type { Grants } from '../access/grants.ts';
import type { CacheContext } from '../cache-context.ts';
import { blobKey, linkKey, type Place } from '../store/cache-keys.ts';
import type { Link, Links } from '../store/links.ts';
import { askWhole } from '../upstream/ask-whole.ts';
import { nameOf } from '../upstream/refusal.ts';
import { type ReceivedManifest, receiveManifest } from './read-manifest.ts';
import { statedLinks } from './stated-links.ts';

export interface FoundManifest extends ReceivedManifest {
  readonly state: CacheState;
}

export interface ManifestAsk {
  readonly ledger: RequestLedger;
  /** Ends the waiting, and no fetch. */
  readonly signal: AbortSignal;
}

/** Manifests and indexes, byte for byte as upstream gave them. */
export interface Manifests {
  /**
   * A manifest by digest: kept, where this view may read the repository, or fetched once for all who ask. Throws
   * `manifest_unknown`, `registry_auth_required`, and upstream's failures.
   */
  find(place: Place, digest: OciDigest, ask: ManifestAsk): Promise<FoundManifest>;
  /** One that is kept, whoever may read it; null where there is none. */
  kept(place: Place, digest: OciDigest): Promise<ReceivedManifest | null>;
  /** Asks upstream for a tag or digest, and keeps what comes. */
  fetch(place: Place, reference: string, ledger: RequestLedger): Promise<ReceivedManifest>;
}

export interface ManifestsOptions {
  readonly context: CacheContext;
  readonly grants: Grants;
  readonly links: Links;
  /** Told of what could not be kept; who asked has it all the same. */
  readonly onNotKept: (subject: string, error: unknown) => void;
}

export function createManifests({
  context,
  grants,
  links,
  onNotKept,
}: ManifestsOptions): Manifests {
  const { cache } = context;
  const flights = new Map<string, Promise<ReceivedManifest>>();

  const kept = async (place: Place, digest: OciDigest): Promise<ReceivedManifest | null> => {
    // Another process may have been given what is only stated here.
    const link = await links.latest(place, digest);
    // One that others have is given out only when upstream has given it to this repository as well.
    if (link?.source !== 'given' || link.mediaType === null) return null;
    const hex = digest.slice(digest.indexOf(':') + 1);
    const expected = { digest: { algorithm: digestAlgorithm(digest), hex } };
    const bytes = await cache.read(blobKey(digest), expected);
    return bytes === null ? null : { bytes, mediaType: link.mediaType, digest };
  };

  const keep = async (place: Place, manifest: ReceivedManifest): Promise<void> => {
    const { bytes, digest, mediaType } = manifest;
    const subject = nameOf({ place, what: 'manifest', reference: digest });
    const outcome = await cache.store(blobKey(digest), { kind: 'memory', bytes });
    if (outcome.kind === 'not-kept') onNotKept(subject, outcome.because);
    const own: Link = {
      digest,
      sizeBytes: bytes.length,
      kind: 'manifest',
      mediaType,
      source: 'given',
    };
    links.add(place, [own, ...statedLinks(bytes)]);
  };

  const fetch = async (
    place: Place,
    reference: string,
    ledger: RequestLedger,
  ): Promise<ReceivedManifest> => {
    const manifest = await askWhole(
      { context, grants },
      {
        asked: { place, what: 'manifest', reference },
        path: `manifests/${reference}`,
        headers: { accept: manifestAccept },
        ledger,
        read: (response) => receiveManifest(response, reference),
      },
    );
    await keep(place, manifest);
    return manifest;
  };

  return {
    kept,
    fetch,
    async find(place, digest, { ledger, signal }) {
      const key = linkKey(place, digest);
      const running = flights.get(key);
      if (running !== undefined) {
        const manifest = await ledger.span('upstream', () => abortable(running, signal));
        return { ...manifest, state: 'coalesced' };
      }
      const known = await ledger.span('cache', () => kept(place, digest));
      if (known !== null) {
        const probe = { what: 'manifest', reference: digest } as const;
        await grants.ensure(place, { probe, ledger, signal });
        return { ...known, state: 'hit' };
      }
      const flight =
        flights.get(key) ??
        claimed(
          context,
          key,
          // Another process may have fetched it meanwhile.
          async () => (await kept(place, digest)) ?? fetch(place, digest, ledger),
        ).finally(() => flights.delete(key));
      flights.set(key, flight);
      return { ...(await abortable(flight, signal)), state: 'miss' };
    },
  };
}
