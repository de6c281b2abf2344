import {
  AttemptFailure,
  bookResponse,
  type OciDigest,
  type OpenBody,
  type OpenedBody,
  type RequestLedger,
  type UpstreamResponse,
} from '../../src/network.ts';
import type { Grants } from '../access/grants.ts';
import type { CacheContext } from '../cache-context.ts';
import type { Place } from '../store/cache-keys.ts';
import { isOwnAnswer, refusalOf } from '../upstream/refusal.ts';

export interface BlobSource {
  readonly place: Place;
  readonly digest: OciDigest;
  /** What the blob has to have; null where nobody has said it. */
  readonly sizeBytes: number | null;
  readonly ledger: RequestLedger;
}

/**
 * Opens a blob at its registry (OCI distribution-spec 1.1, "Pulling blobs"), from an offset where a first attempt broke off. Each
 * attempt asks the registry itself, as the addresses that it redirects to hold for minutes. What is named by its content needs no
 * validator: any answer may go on with what another began.
 */
export function createBlobOpener(
  { sources, settings }: CacheContext,
  grants: Grants,
  source: BlobSource,
): OpenBody {
  const { place, digest, sizeBytes, ledger } = source;
  const asked = { place, what: 'blob', reference: digest } as const;
  let turn = -1;
  return async ({ offset, signal }) => {
    // After a body that broke off or was wrong another endpoint may do better.
    turn += 1;
    const response = await grants.heed(place, () =>
      sources.ask({
        method: 'GET',
        place,
        path: `blobs/${digest}`,
        headers: { accept: '*/*', ...(offset > 0 ? { range: `bytes=${offset}-` } : {}) },
        timeoutMs: settings.fetchTimeoutMs,
        turn,
        signal,
        ledger,
      }),
    );
    bookResponse(ledger, response);
    if (response.status !== 200 && response.status !== 206) {
      await response.discard();
      if (response.status === 416) throw corrupt(response, `has nothing at ${offset}`);
      const refusal = refusalOf(response, asked);
      if (isOwnAnswer(response, place)) throw refusal;
      // A signed address may have ended: the registry gives another.
      throw new AttemptFailure(refusal.message, { code: 'registry_unavailable', isPassing: true });
    }
    const opened = openedOf(response);
    const problem = problemOf(response, opened, sizeBytes);
    if (problem === null) return { ...opened, totalBytes: opened.totalBytes ?? sizeBytes };
    await response.discard();
    throw corrupt(response, problem);
  };
}

/** A digest says that two answers are of one body. */
const validator = 'digest';

function openedOf(response: UpstreamResponse): OpenedBody {
  const { body, discard } = response;
  if (response.status === 200) {
    const length = response.header('content-length');
    const totalBytes = length !== null && /^\d{1,15}$/.test(length) ? Number(length) : null;
    return { offset: 0, totalBytes, validator, body, discard };
  }
  const range = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(
    response.header('content-range') ?? '',
  );
  const totalBytes = range?.[2] === undefined || range[2] === '*' ? null : Number(range[2]);
  return { offset: Number(range?.[1] ?? Number.NaN), totalBytes, validator, body, discard };
}

/** What the head of an answer shows to be wrong, before any byte of it is given to anybody. */
function problemOf(
  response: UpstreamResponse,
  { offset, totalBytes }: OpenedBody,
  sizeBytes: number | null,
): string | null {
  const encoding = response.header('content-encoding');
  if (encoding !== null && encoding !== 'identity') return `encoded a blob with ${encoding}`;
  if (Number.isNaN(offset)) return 'sent a part without saying which';
  if (sizeBytes === null || totalBytes === null || totalBytes === sizeBytes) return null;
  return `announced a blob of ${totalBytes} bytes instead of ${sizeBytes}`;
}

function corrupt({ url }: UpstreamResponse, problem: string): AttemptFailure {
  return new AttemptFailure(`${url.host} ${problem}`, {
    code: 'registry_corrupt',
    isPassing: true,
  });
}
