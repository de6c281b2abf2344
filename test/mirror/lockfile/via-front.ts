import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { readViaPath } from '../../../mirror/lockfile/mirror-address.ts';

/** Stands for a mirror: gives everything from one registry, also what is asked for below `/-/via/`. */
export interface ViaFront extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/`. */
  readonly url: string;
  /** Hosts and paths that were asked for below `/-/via/` since the last call. */
  takeVia(): string[];
}

export async function startViaFront(registryUrl: string): Promise<ViaFront> {
  let via: string[] = [];
  const server = createServer((request, response) => {
    const found = readViaPath(request.url ?? '/');
    if (found !== null) via.push(`${found.scheme}://${found.host}${found.rest}`);
    const target = new URL(found?.rest ?? request.url ?? '/', registryUrl);
    const { method = 'GET', headers } = request;
    const onward = httpRequest(target, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, response).catch(() => response.destroy());
    });
    onward.on('error', () => response.destroy());
    pipeline(request, onward).catch(() => response.destroy());
  });
  await listen(server);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    takeVia() {
      const taken = via;
      via = [];
      return taken;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
}
