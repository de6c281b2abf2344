import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server whose answers a test writes itself, down to the bytes of the body. */
export interface ScriptedUpstream extends AsyncDisposable {
  /** `http://ADDRESS:PORT`. */
  readonly url: string;
  readonly port: number;
  /** Method, path and headers of all requests, with the bytes of their bodies that came. */
  readonly seen: readonly SeenRequest[];
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  body: Buffer;
}

export type Script = (request: IncomingMessage, response: ServerResponse) => void;

export async function startScriptedUpstream(
  script: Script,
  { address = '127.0.0.1', port = 0 }: { address?: string; port?: number } = {},
): Promise<ScriptedUpstream> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const one = { method, path: url, headers, body: Buffer.alloc(0) };
    seen.push(one);
    request.on('data', (bytes: Buffer) => (one.body = Buffer.concat([one.body, bytes])));
    response.on('error', () => {});
    script(request, response);
  });
  server.listen(port, address);
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://${address}:${bound}`,
    port: bound,
    seen,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
