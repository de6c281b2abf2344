import { abortable } from '../../src/index.ts';
import type { CacheState, OciDigest } from '../../src/network.ts';
import type { Ask } from '../cache-context.ts';
import { linkKey, type Place } from '../store/cache-keys.ts';
import type { Link } from '../store/links.ts';
import { askForLink, type LinkAsker } from './ask-for-link.ts';

/** A link, and how it was come by: `hit` where upstream was not asked for it. */
export interface FoundLink {
  readonly link: Link;
  readonly state: CacheState;
}

/** What repositories have, as far as a view may know it. Throws what `askForLink` and `Grants.ensure` do. */
export interface LinkFinder {
  /** What the repository has, once it is known that this view may read it. */
  find(place: Place, digest: OciDigest, ask: Ask): Promise<FoundLink>;
  /** What upstream itself has said: a manifest may name what its registry does not have, or has for others alone. */
  given(place: Place, found: FoundLink, ask: Ask): Promise<FoundLink>;
}

export function createLinkFinder(asker: LinkAsker): LinkFinder {
  const { grants, links } = asker;
  const learned = new Map<string, Promise<Link>>();

  /** Once for all who ask. */
  const learn = async (
    place: Place,
    digest: OciDigest,
    { ledger, signal }: Ask,
  ): Promise<FoundLink> => {
    const key = linkKey(place, digest);
    const running = learned.get(key);
    const asking =
      running ?? askForLink(asker, { place, digest, ledger }).finally(() => learned.delete(key));
    learned.set(key, asking);
    const link = await abortable(asking, signal);
    return { link, state: running === undefined ? 'miss' : 'coalesced' };
  };

  return {
    async find(place, digest, ask) {
      const link = await ask.ledger.span('cache', () => links.find(place, digest));
      if (link === null) return learn(place, digest, ask);
      await grants.ensure(place, { probe: { what: link.kind, reference: digest }, ...ask });
      return { link, state: 'hit' };
    },
    async given(place, found, ask) {
      if (found.link.source === 'given') return found;
      const { digest } = found.link;
      const latest = await links.latest(place, digest);
      if (latest?.source !== 'given') return learn(place, digest, ask);
      return { link: latest, state: 'hit' };
    },
  };
}
