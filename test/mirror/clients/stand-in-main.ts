/**
 * A caching proxy that keeps all answers of a registry in memory: as the public registry on port 443 with TLS, and under
 * its own name on a free port. Says its address to the process that started it, and ends with that.
 */
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { request } from 'undici';
import type { StandInOptions } from './stand-in.ts';

interface Kept {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

const { upstream, publicUrl, tls } = JSON.parse(process.argv[2] ?? '{}') as StandInOptions;
const kept = new Map<string, Promise<Kept>>();

const transparent = createHttpsServer(tls, listener(publicUrl));
transparent.listen(443, '127.0.0.1');
await once(transparent, 'listening');
const conventional = createHttpServer();
conventional.listen(0, '127.0.0.1');
await once(conventional, 'listening');
const url = `http://127.0.0.1:${(conventional.address() as { port: number }).port}/`;
conventional.on('request', listener(url));
process.once('disconnect', () => process.exit(0));
process.send?.(url);

function listener(base: string): RequestListener {
  return (incoming, response) => {
    incoming.resume();
    const path = incoming.url ?? '/';
    const { accept = '*/*' } = incoming.headers;
    if (incoming.method === 'POST') {
      // Audits: the old ones are gone.
      response.writeHead(path.includes('/audits') ? 410 : 200).end('{}');
      return;
    }
    fetchOnce(path, accept).then(
      ({ status, headers, body }) => {
        const isJson = headers['content-type']?.includes('json') === true;
        const sent = isJson ? Buffer.from(body.toString().replaceAll(publicUrl, base)) : body;
        response.writeHead(status, { ...headers, 'content-length': sent.length });
        response.end(incoming.method === 'HEAD' ? undefined : sent);
      },
      (error: unknown) => response.writeHead(502).end(String(error)),
    );
  };
}

function fetchOnce(path: string, accept: string): Promise<Kept> {
  // Clients write a scope in several ways, and ask for tarballs as if they were packuments.
  const name = decodeURIComponent(path);
  const key = name.endsWith('.tgz') ? name : `${accept.includes('install-v1')} ${name}`;
  const answer = kept.get(key) ?? fetchKept(path, accept);
  kept.set(key, answer);
  return answer;
}

async function fetchKept(path: string, accept: string): Promise<Kept> {
  const answer = await request(new URL(path.slice(1), upstream), { headers: { accept } });
  const taken = ['content-type', 'etag', 'last-modified', 'vary'].flatMap((name) => {
    const value = answer.headers[name]?.toString();
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    status: answer.statusCode,
    headers: Object.fromEntries(taken),
    body: Buffer.from(await answer.body.arrayBuffer()),
  };
}
