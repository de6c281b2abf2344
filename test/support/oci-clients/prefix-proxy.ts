import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** Stands for the cache: it passes requests on, and knows the registry by its name in the path too. */
export interface PrefixProxy extends AsyncDisposable {
  readonly url: string;
  /** Requests since the last call: method and path with query, as they came. */
  take(): readonly string[];
}

/** In front of a registry (`127.0.0.1:PORT`): `/v2/NAME/...` is its `/v2/...` for these names; other paths are as they are. */
export async function startPrefixProxy(
  host: string,
  names: readonly string[],
): Promise<PrefixProxy> {
  let asked: string[] = [];
  const passOn = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = incoming.url ?? '/';
    asked.push(`${incoming.method} ${path}`);
    const name = names.find((name) => path.startsWith(`/v2/${name}/`));
    const url = `http://${host}${name === undefined ? path : path.replace(`/${name}`, '')}`;
    const { method, headers } = incoming;
    const onward = request(url, { method, headers: { ...headers, host } });
    await pipeline(incoming, onward);
    const [answer] = (await once(onward, 'response')) as [IncomingMessage];
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    await pipeline(answer, response);
  };
  const server = createServer((incoming, response) => {
    passOn(incoming, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take() {
      const taken = asked;
      asked = [];
      return taken;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
