import { abortable, AshlarError, hasCode } from '../../src/index.ts';
import { claimed, troubleOf, type UpstreamResponse } from '../../src/network.ts';
import type { Ask, CacheContext } from '../cache-context.ts';
import { grantKey, type Place } from '../store/cache-keys.ts';
import { type Asked, isOwnAnswer } from '../upstream/refusal.ts';
import { verdicts } from '../upstream/verdicts.ts';
import { createKeptGrants } from './kept-grants.ts';
import { isForAnybody, probeGrant } from './probe-grant.ts';

export interface GrantAsk extends Ask {
  /** What is wanted: asked for without its bytes to learn whether the repository may be read. */
  readonly probe: Pick<Asked, 'what' | 'reference'>;
}

/** Who may read which repository: what upstream has said, for as long as that holds. */
export interface Grants {
  /**
   * Resolves when this view may read the repository. Upstream is asked when it has not said so for a while; what it said before
   * holds on for some time when it cannot be asked. Throws `registry_auth_required`, `manifest_unknown` or `blob_unknown` when
   * upstream refuses, and its failure when nothing is known.
   */
  ensure(place: Place, ask: GrantAsk): Promise<void>;
  /**
   * To be called before content is fetched: where the operator's credential is for what anybody may read, whether anybody may
   * has to be known first. In all other cases the answer itself says whether this view may.
   */
  admit(place: Place, ask: GrantAsk): Promise<void>;
  /** Upstream gave this view something of the repository. */
  confirm(place: Place): Promise<void>;
  /** Asks upstream as this view; what was granted ends at once where that refuses it, with an answer or by giving no token. */
  heed(place: Place, ask: () => Promise<UpstreamResponse>): Promise<UpstreamResponse>;
}

/** Upstream is being asked. */
interface Probe {
  readonly result: Promise<void>;
  readonly beganMs: number;
}

export function createGrants(context: CacheContext): Grants {
  const { waiting } = context;
  const kept = createKeptGrants(context);
  const probes = new Map<string, Probe>();

  const heed: Grants['heed'] = async (place, ask) => {
    try {
      const response = await ask();
      const isRefused = response.status === 401 || response.status === 403;
      if (isRefused && isOwnAnswer(response, place)) await kept.revoke(place);
      return response;
    } catch (error) {
      if (hasCode(error, 'registry_auth_required')) await kept.revoke(place);
      throw error;
    }
  };

  /** Once for all of this host who want to know. */
  const learn = (place: Place, asked: GrantAsk): Probe => {
    const key = grantKey(place);
    const running = probes.get(key);
    if (running !== undefined) return running;
    const result = claimed(context, key, async () => {
      if (await kept.isFreshInStore(place)) return;
      await probeGrant({ context, kept, heed }, place, asked);
    }).finally(() => probes.delete(key));
    result.catch(() => {});
    const run = { result, beganMs: waiting.nowMs() };
    probes.set(key, run);
    return run;
  };

  const ensure: Grants['ensure'] = async (place, asked) => {
    const atMs = await kept.confirmedAt(place);
    if (kept.isFresh(place, atMs)) return;
    const probe = learn(place, asked);
    if (!kept.isUsable(place, atMs)) return abortable(probe.result, asked.signal);
    await abortable(refusedInTime(context, place, probe), asked.signal);
  };

  return {
    confirm: kept.confirm,
    heed,
    ensure,
    async admit(place, asked) {
      if (isForAnybody(place)) await ensure(place, asked);
    },
  };
}

/** Throws where upstream refuses within the time that who could do without its word waits for it. */
async function refusedInTime(
  { settings, waiting, sources }: CacheContext,
  place: Place,
  { result, beganMs }: Probe,
): Promise<void> {
  const troubleIsNone = result.catch((error: unknown) => {
    if (!isTrouble(error)) throw error;
  });
  const done = new AbortController();
  // Who comes while upstream is waited for already does not wait as long once more.
  const isResting = troubleOf(sources.originsOf(place.view.registry)) === 'resting';
  const leftMs = isResting ? 0 : settings.freshBudgetMs - (waiting.nowMs() - beganMs);
  const late = waiting.sleep(Math.max(0, leftMs), done.signal).catch(() => {});
  await Promise.race([troubleIsNone, late]).finally(() => done.abort());
}

function isTrouble(error: unknown): boolean {
  return error instanceof AshlarError && !verdicts.includes(error.code);
}
