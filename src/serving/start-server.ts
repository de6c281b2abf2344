import { createFrontServer, type FrontServer, type FrontServerOptions } from './front-server.ts';
import { listen, type ListenAddress } from './listen.ts';

export interface RunningServer extends AsyncDisposable {
  readonly http: ListenAddress;
  /** Null without TLS. */
  readonly tls: ListenAddress | null;
}

export interface ServerGround {
  /** Closes what is opened for the server, when that has ended. */
  readonly stack: AsyncDisposableStack;
  /** Its parts may ask it about connections as soon as there are any; null until it is made. */
  readonly server: () => FrontServer | null;
}

/**
 * Makes a server of what `partsOn` gives, and listens. Where it listens for TLS, it has to have certificates. Throws `port_in_use`,
 * `privilege_missing` and `config_invalid`.
 */
export async function startServer(
  places: { readonly http: ListenAddress; readonly tls: ListenAddress | null },
  partsOn: (ground: ServerGround) => FrontServerOptions,
): Promise<RunningServer> {
  await using stack = new AsyncDisposableStack();
  let current: FrontServer | null = null;
  const parts = partsOn({ stack, server: () => current });
  const server = stack.use(await createFrontServer(parts));
  current = server;
  const http = await listen(server.http, places.http);
  const tls =
    server.tls === null || places.tls === null ? null : await listen(server.tls, places.tls);
  const owned = stack.move();
  return { http, tls, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
