import { abortable } from '../../src/index.ts';
import {
  type CacheState,
  claimed,
  type OciDigest,
  manifestAccept,
  type RequestLedger,
} from '../../src/network.ts';
import type { Grants } from '../access/grants.ts';
import type { Ask, CacheContext } from '../cache-context.ts';
import { blobKey, linkKey, type Place } from '../store/cache-keys.ts';
import { digestParts } from '../store/digest-parts.ts';
import type { Link, Links } from '../store/links.ts';
import { askWhole } from '../upstream/ask-whole.ts';
import { nameOf } from '../upstream/refusal.ts';
import { type ReceivedManifest, receiveManifest } from './read-manifest.ts';
import { statedLinks } from './stated-links.ts';

export interface FoundManifest extends ReceivedManifest {
  readonly state: CacheState;
}

/** Manifests and indexes, byte for byte as upstream gave them. */
export interface Manifests {
  /**
   * A manifest by digest: kept, where this view may read the repository, or fetched once for all who ask. Throws
   * `manifest_unknown`, `registry_auth_required`, and upstream's failures.
   */
  find(place: Place, digest: OciDigest, ask: Ask): Promise<FoundManifest>;
  /** One that is kept, whoever may read it; null where there is none. */
  kept(place: Place, digest: OciDigest): Promise<ReceivedManifest | null>;
  /** Asks upstream for a tag or digest, and keeps what comes. */
  fetch(place: Place, reference: string, ledger: RequestLedger): Promise<ReceivedManifest>;
}

export interface ManifestsOptions {
  readonly context: CacheContext;
  readonly grants: Grants;
  readonly links: Links;
}

export function createManifests(options: ManifestsOptions): Manifests {
  const { context, grants } = options;
  const flights = new Map<string, Promise<ReceivedManifest>>();

  const kept: Manifests['kept'] = (place, digest) => readKept(options, place, digest);

  const fetch: Manifests['fetch'] = async (place, reference, ledger) => {
    const manifest = await askWhole(options, {
      asked: { place, what: 'manifest', reference },
      path: `manifests/${reference}`,
      headers: { accept: manifestAccept },
      ledger,
      read: (response) => receiveManifest(response, reference),
    });
    await keep(options, place, manifest);
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
      // Another process may have fetched it meanwhile.
      const work = async (): Promise<ReceivedManifest> =>
        (await kept(place, digest)) ?? fetch(place, digest, ledger);
      const flight =
        flights.get(key) ?? claimed(context, key, work).finally(() => flights.delete(key));
      flights.set(key, flight);
      return { ...(await abortable(flight, signal)), state: 'miss' };
    },
  };
}

/** Small ones stay in memory once they were found; the few that are large are read each time. */
async function readKept(
  { context: { cache }, links }: ManifestsOptions,
  place: Place,
  digest: OciDigest,
): Promise<ReceivedManifest | null> {
  // Another process may have been given what is only stated here.
  const link = await links.latest(place, digest);
  // One that others have is given out only when upstream has given it to this repository as well.
  if (link?.source !== 'given' || link.mediaType === null) return null;
  const { mediaType, sizeBytes } = link;
  const key = blobKey(digest);
  const expected = { digest: digestParts(digest) };
  const found = await cache.find(key, { ...expected, sizeBytes });
  if (found === null) return null;
  const bytes = found.kind === 'bytes' ? found.bytes : await cache.read(key, expected);
  return bytes === null ? null : { bytes, mediaType, digest };
}

/** What it names is known of the repository from now on, whether it can be stored or not. */
async function keep(
  { context: { cache, onNotKept }, links }: ManifestsOptions,
  place: Place,
  { bytes, digest, mediaType }: ReceivedManifest,
): Promise<void> {
  const subject = nameOf({ place, what: 'manifest', reference: digest });
  const outcome = await cache.store(blobKey(digest), { kind: 'memory', bytes });
  if (outcome.kind === 'not-kept') onNotKept(subject, outcome.because);
  const sizeBytes = bytes.length;
  const own: Link = { digest, sizeBytes, kind: 'manifest', mediaType, source: 'given' };
  links.add(place, [own, ...statedLinks(bytes)]);
}
