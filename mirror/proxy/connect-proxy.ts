import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type HandleConnect, proxyUserOf } from '../../src/network.ts';
import type { Registries } from '../registries/registry.ts';
import { type BeyondTheMirror, refusalBeyond } from './beyond-the-mirror.ts';
import { checkedLookup } from './checked-lookup.ts';

export interface ConnectProxyOptions extends BeyondTheMirror {
  readonly registries: Registries;
  /** Takes a connection whose client believes to speak to a mirrored registry; null without an authority. */
  readonly terminate:
    | ((socket: Duplex, facts: { readonly proxyUser: string | null }) => void)
    | null;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/**
 * A CONNECT to a mirrored registry is answered by the mirror itself; to any other host a tunnel is opened, whose bytes nobody
 * here looks at. Tunnels lead to public addresses, and to the usual ports of HTTP.
 */
export function createConnectProxy(options: ConnectProxyOptions): HandleConnect {
  return async (request, client, head) => {
    client.on('error', () => client.destroy());
    const target = parseTarget(request.url ?? '');
    const proxyUser = proxyUserOf(request.headers);
    if (target === null) return refuse(client, '400 Bad Request', 'CONNECT wants host:port');
    const isMirrored = target.port === 443 && options.registries.byHost(target.host) !== undefined;
    if (isMirrored && options.terminate !== null) {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      if (head.length > 0) client.unshift(head);
      options.terminate(client, { proxyUser });
      return;
    }
    const problem = refusalBeyond(options, { ...target, way: 'tunnel' });
    if (problem !== null) return refuse(client, '403 Forbidden', problem);
    await openTunnel(options, { target, client, head });
  };
}

interface Target {
  readonly host: string;
  readonly port: number;
}

function parseTarget(text: string): Target | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port < 1 || port > 65_535) return null;
  return { host: match[1].toLowerCase().replace(/\.$/, ''), port };
}

async function openTunnel(
  { addressRule, connectTimeoutMs, idleTimeoutMs }: ConnectProxyOptions,
  { target, client, head }: { target: Target; client: Duplex; head: Buffer },
): Promise<void> {
  const remote = connect({
    host: target.host.replace(/^\[(.*)\]$/, '$1'),
    port: target.port,
    lookup: checkedLookup(addressRule),
  });
  client.once('close', () => remote.destroy());
  const problem = await connected(remote, connectTimeoutMs);
  if (problem !== null) {
    remote.destroy();
    return refuse(client, '502 Bad Gateway', `${target.host} cannot be reached: ${problem}`);
  }
  remote.setTimeout(idleTimeoutMs, () => remote.destroy());
  client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
  if (head.length > 0) remote.write(head);
  // Either side may end it at any time: that is no failure of anybody here.
  await Promise.allSettled([pipeline(client, remote), pipeline(remote, client)]);
  remote.destroy();
  client.destroy();
}

/** What went wrong; null once the connection is there. */
function connected(socket: Socket, timeoutMs: number): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const timer = setTimeout(() => resolve(`no connection within ${timeoutMs / 1000} s`), timeoutMs);
  socket.once('connect', () => resolve(null));
  socket.on('error', (error) => resolve(error.message));
  socket.once('close', () => resolve('it was closed'));
  return promise.finally(() => clearTimeout(timer));
}

/** Who reads what is said has done so by then; nobody else closes a connection that is no more than half open. */
const refusedMs = 1_000;

function refuse(client: Duplex, status: string, problem: string): void {
  const timer = setTimeout(() => client.destroy(), refusedMs);
  client.once('close', () => clearTimeout(timer));
  // Its end is not seen before what it sent is read.
  client.resume();
  const text = `${problem}\n`;
  client.end(
    `HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  );
}
