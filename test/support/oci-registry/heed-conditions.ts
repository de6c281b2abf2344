import type { IncomingHttpHeaders } from 'node:http';
import { wantedRange } from '../recorded-upstream/wanted-range.ts';
import type { Answer } from './answer.ts';
import { noBytes, partOf } from './bytes.ts';

/** What remains of the answer to a GET when If-None-Match, If-Range and Range are heeded (RFC 9110, sections 13 and 14). */
export function heedConditions(answer: Answer, headers: IncomingHttpHeaders): Answer {
  const { etag } = answer.headers;
  if (answer.status !== 200 || etag === undefined) return answer;
  if (headers['if-none-match'] === etag) return { ...answer, status: 304, body: noBytes };
  if (answer.headers['accept-ranges'] !== 'bytes') return answer;
  const { sizeBytes } = answer.body;
  const range = wantedRange(headers, { sizeBytes, validators: [etag] });
  if (range === null) return answer;
  const said = (text: string): Record<string, string> => ({
    ...answer.headers,
    'content-range': `bytes ${text}/${sizeBytes}`,
  });
  if (range === 'unsatisfiable') {
    return { status: 416, headers: said('*'), body: noBytes };
  }
  const { from, to } = range;
  return { status: 206, headers: said(`${from}-${to - 1}`), body: partOf(answer.body, from, to) };
}
