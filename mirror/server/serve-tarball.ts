import { Readable } from 'node:stream';
import { abortable } from '../../src/index.ts';
import {
  type Answer,
  type AnswerBody,
  hasTag,
  type ObjectCache,
  primedBody,
  readRange,
  type RequestLedger,
} from '../../src/network.ts';
import type { FoundTarball } from '../tarballs/tarballs.ts';

export interface TarballRequest {
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly isHead: boolean;
  readonly isPrivate: boolean;
  readonly signal: AbortSignal;
  readonly ledger: RequestLedger;
}

/** The answer with a tarball: whole, a range of one that is kept, or only that it is the one that the client has. */
export async function tarballAnswer(
  found: FoundTarball,
  request: TarballRequest,
  cache: ObjectCache,
): Promise<Answer> {
  const headers = {
    'content-type': 'application/octet-stream',
    'cache-control': request.isPrivate
      ? 'private, max-age=0'
      : 'public, max-age=31536000, immutable',
    'accept-ranges': 'bytes',
  };
  if (found.kind === 'arriving') {
    const body = await arriving(found.transfer, request);
    return { status: 200, headers, body, state: found.state };
  }
  const { kept, state } = found;
  const { record, object } = kept;
  const etag = `"${record.sha512.slice(0, 40)}"`;
  const known = { ...headers, etag };
  if (hasTag(request.ifNoneMatch, etag)) return { status: 304, headers: known, body: null, state };
  const isSame = request.ifRange === undefined || request.ifRange === etag;
  // Of HEAD a range means nothing (RFC 9110, section 14.2).
  const isPart = isSame && !request.isHead;
  const range = isPart ? readRange(request.range, record.sizeBytes) : 'whole';
  if (range === 'unsatisfiable') {
    const unit = { ...known, 'content-range': `bytes */${record.sizeBytes}` };
    return { status: 416, headers: unit, body: null, state };
  }
  const whole = { start: 0, end: record.sizeBytes };
  const { start, end } = range === 'whole' ? whole : range;
  const body: AnswerBody =
    object.kind === 'bytes'
      ? object.bytes.subarray(start, end)
      : { sizeBytes: end - start, pieces: cache.pieces(object, request.signal, { start, end }) };
  if (range === 'whole') return { status: 200, headers: known, body, state };
  const part = { ...known, 'content-range': `bytes ${start}-${end - 1}/${record.sizeBytes}` };
  return { status: 206, headers: part, body, state };
}

/** Waits until there is something that may be sent: all of a small tarball, the beginning of a large one. */
async function arriving(
  transfer: Extract<FoundTarball, { kind: 'arriving' }>['transfer'],
  { signal, ledger, isHead }: TarballRequest,
): Promise<AnswerBody> {
  if (isHead) {
    const { sizeBytes } = await ledger.span('upstream', () => abortable(transfer.verified, signal));
    return { sizeBytes, pieces: Readable.from([]) };
  }
  const pieces = transfer.read({ start: 0, end: Infinity }, signal);
  return ledger.span('upstream', () =>
    primedBody(pieces, async () => transfer.verifiedBytes() ?? transfer.totalBytes()),
  );
}
