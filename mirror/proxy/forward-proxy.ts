import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import httpProxy from 'http-proxy-3';
import { AshlarError } from '../../src/index.ts';
import type { AddressRule } from '../../src/network.ts';
import { checkedLookup, refusalOfLiteral } from './checked-lookup.ts';

export interface ForwardProxyOptions {
  readonly tunnels: 'open' | 'closed';
  readonly addressRule: AddressRule;
  readonly timeoutMs: number;
}

/** Forwards a request with a whole address (RFC 9112, section 3.2.2) to a host that is not mirrored. */
export type ForwardRequest = (
  request: IncomingMessage,
  response: ServerResponse,
  target: URL,
) => Promise<void>;

/** Throws where no answer came, or where the host may not be reached from here. */
export function createForwardProxy(options: ForwardProxyOptions): ForwardRequest {
  const agent = new Agent({ keepAlive: true, lookup: checkedLookup(options.addressRule) });
  const proxy = httpProxy.createProxyServer({ changeOrigin: true });
  return async (request, response, target) => {
    const refusal =
      options.tunnels === 'closed'
        ? new Error('it is not mirrored, and this mirror forwards to no other hosts')
        : refusalOfLiteral(options.addressRule, target.hostname);
    if (refusal !== null) {
      throw new AshlarError(
        'proxy_refused',
        `${target.host} is not forwarded to: ${refusal.message}`,
      );
    }
    request.url = `${target.pathname}${target.search}`;
    delete request.headers['proxy-authorization'];
    delete request.headers['proxy-connection'];
    const done = Promise.withResolvers<void>();
    response.once('close', done.resolve);
    proxy.web(
      request,
      response,
      { target: target.origin, agent, proxyTimeout: options.timeoutMs },
      (error) =>
        done.reject(
          new AshlarError('proxy_refused', `${target.host} cannot be reached: ${error.message}`, {
            cause: error,
          }),
        ),
    );
    await done.promise;
  };
}
