import { createHash } from 'node:crypto';
import { findNodeAtLocation, parseTree } from 'jsonc-parser';
import { type Answer, type Found, hasTag } from '../../src/network.ts';
import type { SmallDocument } from '../documents/small-documents.ts';
import { moveBetweenBases } from '../packument/rewrite-tarballs.ts';
import type { Registry } from '../registries/registry.ts';
import { cacheControl, staleHeaders } from './freshness-headers.ts';
import { jsonType } from './json-type.ts';

export interface SmallDocumentRequest {
  readonly registry: Registry;
  readonly base: string;
  readonly isPrivate: boolean;
  readonly ifNoneMatch: string | undefined;
  readonly nowMs: number;
  readonly maxAgeMs: number;
}

/** The answer with a small document; where it is of a version, its tarball is at the address that the client uses. */
export function smallDocumentAnswer(
  found: Found<SmallDocument>,
  request: SmallDocumentRequest,
): Answer {
  const body = Buffer.from(moveTarball(found.record.text, request));
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 40)}"`;
  const headers = {
    'content-type': jsonType(found.record.contentType),
    etag,
    'cache-control': cacheControl(found.record, request),
    ...staleHeaders(found, request.nowMs),
  };
  if (hasTag(request.ifNoneMatch, etag))
    return { status: 304, headers, body: null, state: found.state };
  return { status: 200, headers, body, state: found.state };
}

/** Everything else stays as it is, byte for byte. */
function moveTarball(text: string, { registry, base }: SmallDocumentRequest): string {
  if (!text.includes('"tarball"')) return text;
  const tree = parseTree(text);
  const node = tree === undefined ? undefined : findNodeAtLocation(tree, ['dist', 'tarball']);
  const stated: unknown = node?.value;
  const isHttp = typeof stated === 'string' && /^https?:/i.test(stated);
  const url = isHttp ? URL.parse(stated) : null;
  if (node === undefined || url === null) return text;
  const from = [...registry.hosts.map((host) => new URL(`https://${host}`)), ...registry.upstreams];
  const moved = moveBetweenBases({ from, to: new URL(base) })(url, '');
  if (moved === null) return text;
  const end = node.offset + node.length;
  return `${text.slice(0, node.offset)}${JSON.stringify(moved)}${text.slice(end)}`;
}
