import type { IncomingHttpHeaders } from 'node:http';
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
  const { range } = headers;
  const condition = headers['if-range']?.toString();
  if (range === undefined || answer.headers['accept-ranges'] !== 'bytes') return answer;
  if (
    condition !== undefined &&
    ![answer.etag, answer.headers['last-modified']].includes(condition)
  ) {
    return answer;
  }
  const bounds = /^bytes=(\d*)-(\d*)$/.exec(range);
  if (bounds === null || (bounds[1] === '' && bounds[2] === '')) return answer;
  const sizeBytes = answer.body.length;
  const [from, to] =
    bounds[1] === ''
      ? [Math.max(0, sizeBytes - Number(bounds[2])), sizeBytes - 1]
      : [Number(bounds[1]), Math.min(sizeBytes - 1, Number(bounds[2] || Infinity))];
  if (from > to) {
    const headers = { ...answer.headers, 'content-range': `bytes */${sizeBytes}` };
    return { ...answer, status: 416, headers, body: Buffer.alloc(0) };
  }
  return {
    ...answer,
    status: 206,
    headers: { ...answer.headers, 'content-range': `bytes ${from}-${to}/${sizeBytes}` },
    body: answer.body.subarray(from, to + 1),
  };
}
