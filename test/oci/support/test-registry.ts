import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OciDigest } from '../../../src/oci/oci-digest.ts';
import type { TestImage } from './build-image.ts';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** Answers a request in place of the registry; false lets the registry answer. */
export type Fault = (
  request: SeenRequest,
  response: ServerResponse,
  bytes: Buffer | null,
) => boolean;

export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly seen: readonly SeenRequest[];
  /** Asked in order for each request; the first that takes it is the answer. */
  readonly faults: Fault[];
  seenPaths(pattern: RegExp): readonly SeenRequest[];
}

/** A small registry on a port of loopback which serves images from memory, by tag, whatever the repository. */
export async function startTestRegistry(
  images: Readonly<Record<string, TestImage>>,
): Promise<TestRegistry> {
  const seen: SeenRequest[] = [];
  const faults: Fault[] = [];
  const server = createServer((request, response) => {
    const { method = '', url: path = '', headers } = request;
    const one = { method, path, headers };
    seen.push(one);
    const content = contentAt(images, path);
    if (faults.some((fault) => fault(one, response, content?.bytes ?? null))) return;
    if (content === null) answerJson(response, 404, 'MANIFEST_UNKNOWN');
    else answerContent(one, response, content);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    faults,
    seenPaths: (pattern) => seen.filter(({ path }) => pattern.test(path)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export function answerJson(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): true {
  const body = JSON.stringify({ errors: [{ code, message: `this is ${code}` }] });
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  return true;
}

/** Lets a fault happen for the first `times` requests that match. */
export function firstTimes(times: number, path: RegExp, fault: Fault): Fault {
  let left = times;
  return (request, response, bytes) => {
    if (left === 0 || !path.test(request.path)) return false;
    left -= 1;
    return fault(request, response, bytes);
  };
}

interface Content {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly digest: string;
}

function contentAt(images: Readonly<Record<string, TestImage>>, path: string): Content | null {
  const [, kind, name = ''] = /\/(manifests|blobs)\/([^/?]+)$/.exec(path) ?? [];
  const digest = name as OciDigest;
  for (const [tag, image] of Object.entries(images)) {
    if (kind === 'blobs') {
      const bytes = image.blobs.get(digest);
      if (bytes !== undefined) return { bytes, mediaType: 'application/octet-stream', digest };
    } else if (name === tag || name === image.digest) return image;
    else {
      const inner = image.manifests.get(digest);
      if (inner !== undefined) return { ...inner, digest };
    }
  }
  return null;
}

function answerContent(request: SeenRequest, response: ServerResponse, content: Content): void {
  const { bytes, mediaType, digest } = content;
  const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  const offset = Number(from ?? 0);
  const headers = {
    'content-type': mediaType,
    'content-length': String(bytes.length - offset),
    'docker-content-digest': digest,
    ...(from === undefined
      ? {}
      : { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  };
  response.writeHead(from === undefined ? 200 : 206, headers);
  response.end(request.method === 'HEAD' ? undefined : bytes.subarray(offset));
}
