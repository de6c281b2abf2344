import { abortable, AshlarError, hasCode } from '../../src/index.ts';
import {
  claimed,
  createRecentMap,
  type RequestLedger,
  troubleOf,
  type UpstreamResponse,
} from '../../src/network.ts';
import type { CacheContext } from '../cache-context.ts';
import { grantKey, type Place } from '../store/cache-keys.ts';
import { type Asked, isOwnAnswer, refusalOf } from '../upstream/refusal.ts';
import { decodeGrant } from './grant-record.ts';

export interface GrantAsk {
  /** What is wanted: asked for without its bytes to learn whether the repository may be read. */
  readonly probe: Pick<Asked, 'what' | 'reference'>;
  readonly ledger: RequestLedger;
  /** Ends the waiting, and no request. */
  readonly signal: AbortSignal;
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

const keptGrants = 50_000;
/** The clocks of hosts with one cache may differ by this. */
const clockSkewMs = 60_000;

/** Upstream is being asked. */
interface Probe {
  readonly result: Promise<void>;
  readonly beganMs: number;
}

export function createGrants(context: CacheContext): Grants {
  const { cache, settings, waiting, sources } = context;
  const kept = createRecentMap<number>(keptGrants);
  const probes = new Map<string, Probe>();

  const confirmedAt = async (key: string): Promise<number> => {
    const known = kept.get(key) ?? decodeGrant(await cache.readRecord(key));
    if (known > 0) kept.set(key, known);
    return known;
  };
  /** What was granted in the future was granted by a clock that was wrong: nobody knows how long ago. */
  const ageMs = (atMs: number): number => {
    const age = waiting.nowMs() - atMs;
    return age < -clockSkewMs ? Infinity : age;
  };
  const isFresh = (place: Place, atMs: number): boolean =>
    ageMs(atMs) < settings.grantMs[kindOf(place)];
  const isUsable = (place: Place, atMs: number): boolean =>
    ageMs(atMs) < settings.grantMs[kindOf(place)] + settings.staleGrantMs[kindOf(place)];

  const confirm = async (place: Place): Promise<void> => {
    const key = grantKey(place);
    const nowMs = waiting.nowMs();
    // Each answer confirms it: not each is worth a write.
    if (ageMs(await confirmedAt(key)) < settings.grantMs[kindOf(place)] / 4) return;
    kept.set(key, nowMs);
    await cache.writeRecord(key, { repository: place.repository, confirmedAtMs: nowMs });
  };
  const revoke = async (place: Place): Promise<void> => {
    kept.delete(grantKey(place));
    await cache.drop(grantKey(place));
  };
  const heed: Grants['heed'] = async (place, ask) => {
    try {
      const response = await ask();
      const isRefused = response.status === 401 || response.status === 403;
      if (isRefused && isOwnAnswer(response, place)) await revoke(place);
      return response;
    } catch (error) {
      if (hasCode(error, 'registry_auth_required')) await revoke(place);
      throw error;
    }
  };
  const probe = createProbe(context, { confirm, revoke, heed });

  /** Once for all of this host who want to know. */
  const learn = (place: Place, asked: GrantAsk): Probe => {
    const key = grantKey(place);
    const running = probes.get(key);
    if (running !== undefined) return running;
    const result = claimed(context, key, async () => {
      // Another process may have learned it meanwhile.
      const known = decodeGrant(await cache.peekRecord(key));
      if (isFresh(place, known)) kept.set(key, known);
      else await probe(place, asked);
    }).finally(() => probes.delete(key));
    result.catch(() => {});
    const run = { result, beganMs: waiting.nowMs() };
    probes.set(key, run);
    return run;
  };

  const ensure = async (place: Place, asked: GrantAsk): Promise<void> => {
    const atMs = await confirmedAt(grantKey(place));
    if (isFresh(place, atMs)) return;
    const { result, beganMs } = learn(place, asked);
    if (!isUsable(place, atMs)) return abortable(result, asked.signal);
    const troubleIsNone = result.catch((error: unknown) => {
      if (!isTrouble(error)) throw error;
    });
    const done = new AbortController();
    // Who comes while upstream is waited for already does not wait as long once more.
    const isResting = troubleOf(sources.originsOf(place.view.registry)) === 'resting';
    const leftMs = isResting ? 0 : settings.freshBudgetMs - (waiting.nowMs() - beganMs);
    const late = waiting.sleep(Math.max(0, leftMs), done.signal).catch(() => {});
    await abortable(Promise.race([troubleIsNone, late]), asked.signal).finally(() => done.abort());
  };

  return {
    confirm,
    heed,
    ensure,
    async admit(place, asked) {
      if (isForAnybody(place)) await ensure(place, asked);
    },
  };
}

function createProbe(
  { sources, settings, signal }: CacheContext,
  {
    confirm,
    revoke,
    heed,
  }: Pick<Grants, 'confirm' | 'heed'> & { readonly revoke: (place: Place) => Promise<void> },
): (place: Place, ask: GrantAsk) => Promise<void> {
  const answerTo = async (
    place: Place,
    { path, method, ledger }: { path: string; method: 'GET' | 'HEAD'; ledger: RequestLedger },
  ): Promise<UpstreamResponse> => {
    const as = isForAnybody(place) ? 'anybody' : 'view';
    const timeoutMs = settings.fetchTimeoutMs;
    const response = await heed(place, () =>
      sources.ask({ method, place, path, as, timeoutMs, signal, ledger }),
    );
    await response.discard();
    return response;
  };
  const list = { path: 'tags/list?n=1', method: 'GET' } as const;
  return async (place, { probe, ledger }) => {
    const isList = probe.what === 'tags' || probe.what === 'referrers';
    const content = { path: `${probe.what}s/${probe.reference}`, method: 'HEAD' } as const;
    let response = await answerTo(place, { ...(isList ? list : content), ledger });
    // What upstream has no longer may be kept all the same: whether the repository may be read is another question.
    if (response.status === 404 && kindOf(place) === 'public' && !isList) {
      const listed = await answerTo(place, { ...list, ledger });
      if (listed.status === 200) response = listed;
    }
    if (response.status === 200) return confirm(place);
    const isHidden = response.status === 404 && kindOf(place) === 'credential';
    if (isHidden) await revoke(place);
    throw refusalOf(response, { place, ...probe });
  };
}

function kindOf({ view }: Place): 'public' | 'credential' {
  return view.credential === null ? 'public' : 'credential';
}

/** The operator's credential is shown for these, but what it alone lets in is not given to anybody. */
function isForAnybody({ view }: Place): boolean {
  const { credential, credentialFor } = view.registry;
  return view.credential === null && credential.kind !== 'none' && credentialFor === 'public';
}

function isTrouble(error: unknown): boolean {
  const verdicts = [
    'registry_auth_required',
    'repository_unknown',
    'manifest_unknown',
    'blob_unknown',
  ];
  return error instanceof AshlarError && !verdicts.includes(error.code);
}
