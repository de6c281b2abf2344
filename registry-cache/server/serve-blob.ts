import { setTimeout as sleep } from 'node:timers/promises';
import { abortable } from '../../src/index.ts';
import {
  type Answer,
  type AnswerBody,
  type ByteRange,
  hasTag,
  type OciDigest,
  primedBody,
  readRange,
} from '../../src/network.ts';
import type { FoundBlob } from '../blobs/blobs.ts';
import type { CacheCore } from '../cache-core.ts';
import type { Place } from '../store/cache-keys.ts';
import type { CacheExchange } from './cache-exchange.ts';

/** The answer with a blob or a range of it, kept or as it arrives (OCI distribution-spec 1.1, "Pulling blobs"). */
export async function blobAnswer(
  core: CacheCore,
  { place, digest }: { readonly place: Place; readonly digest: OciDigest },
  exchange: CacheExchange,
): Promise<Answer> {
  const { request, response, ledger, signal } = exchange;
  const etag = `"${digest}"`;
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    'cache-control':
      place.view.credential === null ? 'public, max-age=31536000, immutable' : 'private',
    etag,
  };
  if (request.method === 'HEAD') {
    const { sizeBytes, state } = await core.blobs.size(place, digest, { ledger, signal });
    if (hasTag(request.headers['if-none-match'], etag))
      return { status: 304, headers, body: null, state };
    return { status: 200, headers, body: { sizeBytes, pieces: noPieces() }, state };
  }
  const found = await core.blobs.find(place, digest, { ledger, signal });
  response.once('close', () => found[Symbol.dispose]());
  const { sizeBytes, state } = found;
  if (hasTag(request.headers['if-none-match'], etag))
    return { status: 304, headers, body: null, state };
  const ifRange = request.headers['if-range'];
  const isSame = ifRange === undefined || ifRange === etag;
  const range = isSame ? rangeOf(request.headers.range, sizeBytes) : 'whole';
  if (range === 'unsatisfiable') {
    const unit = { ...headers, 'content-range': `bytes */${sizeBytes}` };
    return { status: 416, headers: unit, body: null, state };
  }
  const { start, end } = range === 'whole' ? { start: 0, end: sizeBytes } : range;
  const { headPatienceMs } = core.settings;
  const body = await bodyOf({ found, range: { start, end }, headPatienceMs }, exchange);
  if (range === 'whole') return { status: 200, headers, body, state };
  const part = { ...headers, 'content-range': `bytes ${start}-${end - 1}/${sizeBytes}` };
  return { status: 206, headers: part, body, state };
}

/**
 * A range that ends before it begins is refused, as the specification's conformance suite has it; RFC 9110 would ignore it. Of an
 * empty blob there is no part: it is given whole to clients that ask for each blob by ranges.
 */
function rangeOf(header: string | undefined, sizeBytes: number): ReturnType<typeof readRange> {
  if (sizeBytes === 0) return 'whole';
  const [, first, last] = /^bytes=(\d{1,40})-(\d{1,40})$/i.exec(header?.trim() ?? '') ?? [];
  if (first !== undefined && Number(last) < Number(first)) return 'unsatisfiable';
  return readRange(header, sizeBytes);
}

interface AskedBody {
  readonly found: FoundBlob;
  readonly range: ByteRange;
  readonly headPatienceMs: number;
}

/**
 * Begins with what can be sent at once, so that a failure until then is answered as one. A range far into a blob that is arriving may
 * take longer than clients wait for an answer: its head goes out before.
 */
async function bodyOf(
  { found, range, headPatienceMs }: AskedBody,
  { ledger, signal }: CacheExchange,
): Promise<AnswerBody> {
  const sizeBytes = range.end - range.start;
  if (sizeBytes === 0) {
    if (found.kind === 'arriving') await abortable(found.transfer.verified, signal);
    return Buffer.alloc(0);
  }
  if (found.kind === 'kept') {
    const { kept } = found;
    if (kept.kind === 'bytes') return kept.bytes.subarray(range.start, range.end);
    return { sizeBytes, pieces: found.pieces(range, signal) };
  }
  const pieces = found.pieces(range, signal);
  const begun = found.transfer.opened.then(() => sleep(headPatienceMs, undefined, { ref: false }));
  // Where it never begins, the pieces fail too.
  const enough = begun.catch(() => new Promise<void>(() => {}));
  return ledger.span('upstream', () => primedBody(pieces, async () => sizeBytes, enough));
}

async function* noPieces(): AsyncGenerator<Buffer> {}
