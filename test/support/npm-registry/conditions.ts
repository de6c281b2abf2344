import type { IncomingHttpHeaders } from 'node:http';
import { wantedRange } from '../recorded-upstream/wanted-range.ts';
import type { Answer } from './answer.ts';

/** What remains of an answer when If-None-Match, If-Range and Range are heeded (RFC 9110, sections 13 and 14). */
export function heedConditions(answer: Answer, headers: IncomingHttpHeaders): Answer {
  const { etag, status } = answer;
  if (etag === undefined || status !== 200) return answer;
  const known = headers['if-none-match'];
  if (known !== undefined && isListed(known, etag)) return unchanged(answer);
  return partOf(answer, headers);
}

/** 304 with the validators. */
export function unchanged(answer: Answer): Answer {
  const { 'content-encoding': _coding, 'content-type': _type, ...headers } = answer.headers;
  return { ...answer, status: 304, headers, body: Buffer.alloc(0) };
}

/** Weak comparison: the form of a validator that a compressing front adds does not matter. */
function isListed(list: string, etag: string): boolean {
  const bare = (one: string): string => one.trim().replace(/^W\//, '');
  return list.trim() === '*' || list.split(',').some((one) => bare(one) === bare(etag));
}

/** One range of a resource that takes ranges. */
function partOf(answer: Answer, headers: IncomingHttpHeaders): Answer {
  if (answer.headers['accept-ranges'] !== 'bytes') return answer;
  const sizeBytes = answer.body.length;
  const validators = [answer.etag, answer.headers['last-modified']];
  const range = wantedRange(headers, { sizeBytes, validators });
  if (range === null) return answer;
  if (range === 'unsatisfiable') {
    const headers = { ...answer.headers, 'content-range': `bytes */${sizeBytes}` };
    return { ...answer, status: 416, headers, body: Buffer.alloc(0) };
  }
  const { from, to } = range;
  return {
    ...answer,
    status: 206,
    headers: { ...answer.headers, 'content-range': `bytes ${from}-${to - 1}/${sizeBytes}` },
    body: answer.body.subarray(from, to),
  };
}
