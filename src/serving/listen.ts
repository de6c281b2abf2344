import type { Server } from 'node:net';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';

/** Where a server listens; port 0 takes a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** 200 machines open some thousands of connections in one second. Linux cuts this to `net.core.somaxconn`. */
const backlog = 8192;

/** Gives the address that the server listens at. Throws `port_in_use`, `privilege_missing` and `config_invalid`. */
export async function listen(
  server: Server,
  { host, port }: ListenAddress,
): Promise<ListenAddress> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port, backlog }, resolve);
  try {
    await promise;
  } catch (error) {
    throw failure(error, `${host}:${port}`);
  } finally {
    server.off('error', reject);
  }
  const address = server.address();
  return { host, port: typeof address === 'object' && address !== null ? address.port : port };
}

function failure(error: unknown, place: string): unknown {
  const code = systemErrorCode(error);
  if (code === 'EADDRINUSE')
    return new AshlarError('port_in_use', `something else listens at ${place}`, { cause: error });
  if (code === 'EACCES') {
    return new AshlarError('privilege_missing', `this user may not listen at ${place}`, {
      cause: error,
      hint: 'Take a port above 1023, or run as root.',
    });
  }
  if (code !== 'EADDRNOTAVAIL' && code !== 'ENOTFOUND') return error;
  return new AshlarError('config_invalid', `${place} is no address of this machine`, {
    cause: error,
  });
}
