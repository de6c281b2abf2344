import { type Answer, failure, redirect } from './answer.ts';
import { type Bytes, bytesOf, joined, noise, partOf } from './bytes.ts';
import { digestOf } from './digest.ts';
import type { Fault } from './fault.ts';

/** The answer that a fault makes of a right one. Faults of the connection leave it as it is. */
export function spoilAnswer(answer: Answer, fault: Fault | null): Answer {
  switch (fault?.name) {
    case 'status':
      return failure(fault.status, errorCode(fault.status), waitHeader(fault.retryAfterSec));
    case 'html': {
      const page = '<!doctype html><title>Sign in</title><p>Sign in to go on.</p>\n';
      const headers = { 'content-type': 'text/html; charset=utf-8' };
      return { status: 200, headers, body: bytesOf(Buffer.from(page)) };
    }
    case 'redirect':
      return redirect(fault.status ?? 307, fault.location);
    case 'redirect-loop':
      return redirect(307, '/loop/a');
    case 'corrupt':
      return { ...answer, body: flipped(answer.body) };
    case 'wrong-body':
      return { ...answer, body: noise('wrong', answer.body.sizeBytes) };
    case 'wrong-length':
      return { ...answer, body: resized(answer.body, fault.byBytes) };
    case 'wrong-digest-header': {
      const digest = digestOf(Buffer.from('something else'));
      return { ...answer, headers: { ...answer.headers, 'docker-content-digest': digest } };
    }
    case undefined:
    case 'reset':
    case 'stall':
    case 'reset-in-body':
    case 'stall-in-body':
    case 'truncated':
    case 'short':
    case 'slow-headers':
    case 'drip':
      return answer;
  }
}

function errorCode(status: number): string {
  if (status === 429) return 'TOOMANYREQUESTS';
  if (status === 401) return 'UNAUTHORIZED';
  if (status === 403) return 'DENIED';
  return status === 404 ? 'MANIFEST_UNKNOWN' : 'UNKNOWN';
}

function waitHeader(retryAfterSec: number | undefined): Record<string, string> {
  return retryAfterSec === undefined ? {} : { 'retry-after': String(retryAfterSec) };
}

function flipped(bytes: Bytes): Bytes {
  const middle = Math.floor(bytes.sizeBytes / 2);
  return {
    sizeBytes: bytes.sizeBytes,
    slice(from, to) {
      const part = Buffer.from(bytes.slice(from, to));
      const at = middle - from;
      if (at >= 0 && at < part.length) part.writeUInt8((part[at] ?? 0) ^ 0x10, at);
      return part;
    },
  };
}

function resized(bytes: Bytes, byBytes: number): Bytes {
  if (byBytes > 0) return joined([bytes, noise('more', byBytes)]);
  return partOf(bytes, 0, Math.max(0, bytes.sizeBytes + byBytes));
}
