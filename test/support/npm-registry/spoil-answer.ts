import { gunzipSync, gzipSync } from 'node:zlib';
import type { Answer } from './answer.ts';
import type { Fault } from './fault.ts';
import { nestedPackument, renamedPackument } from './odd-packuments.ts';

/** The answer that a fault makes of a right one. Faults of the connection leave it as it is. */
export function spoilAnswer(answer: Answer, fault: Fault | null, packageName: string): Answer {
  switch (fault?.name) {
    case 'status':
      return plain(fault.status, `${fault.status}\n`, waitHeader(fault.retryAfterSec));
    case 'html':
      return plain(200, '<!doctype html><title>Sign in</title><p>Sign in to go on.</p>\n', {
        'content-type': 'text/html; charset=utf-8',
      });
    case 'redirect':
      return plain(fault.status ?? 302, '', { location: fault.location });
    case 'corrupt':
      return { ...answer, body: flipped(answer.body) };
    case 'wrong-body':
      return { ...answer, body: Buffer.alloc(answer.body.length, 'not this ') };
    case 'broken-gzip': {
      const compressed = gzipSync(answer.body);
      const body = compressed.subarray(0, Math.floor(compressed.length / 2));
      return { ...answer, headers: { ...answer.headers, 'content-encoding': 'gzip' }, body };
    }
    case 'lying-etag':
      return { ...answer, headers: { ...answer.headers, etag: lyingEtag }, etag: lyingEtag };
    case 'nested':
      return identity(answer, nestedPackument(packageName, fault.depth));
    case 'wrong-name':
      return identity(answer, renamedPackument(document(answer), fault.packageName));
    case undefined:
    case 'reset':
    case 'reset-in-body':
    case 'stall-in-body':
    case 'truncated':
    case 'short':
    case 'slow-headers':
    case 'huge':
      return answer;
  }
}

/** The one that all documents carry under `lying-etag`. */
export const lyingEtag = '"the-same-for-all"';

function plain(status: number, text: string, headers: Readonly<Record<string, string>>): Answer {
  return { status, headers: { 'content-type': 'text/plain', ...headers }, body: Buffer.from(text) };
}

function waitHeader(retryAfterSec: number | undefined): Record<string, string> {
  return retryAfterSec === undefined ? {} : { 'retry-after': String(retryAfterSec) };
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const middle = Math.floor(copy.length / 2);
  copy.writeUInt8((copy[middle] ?? 0) ^ 0x10, middle);
  return copy;
}

function document({ headers, body }: Answer): Buffer {
  return headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

function identity(answer: Answer, body: Buffer): Answer {
  const { 'content-encoding': _coding, ...headers } = answer.headers;
  return { ...answer, headers, body };
}
