import type { Agent, IncomingMessage, ServerResponse } from 'node:http';
import httpProxy from 'http-proxy-3';
import { AshlarError } from '../../src/index.ts';

export interface HandOnTarget {
  readonly target: string;
  readonly timeoutMs: number;
  readonly agent?: Agent;
}

/** Sends a request on as it is, without what was meant for the mirror alone, and its answer back as it comes. */
export type HandOn = (
  request: IncomingMessage,
  response: ServerResponse,
  to: HandOnTarget,
) => Promise<void>;

/** What tells the mirror something, and nobody behind it. */
const ownHeaders = ['proxy-authorization', 'proxy-connection', 'x-ashlar-build'];

/**
 * Resolves when the answer is sent or broken off: one that upstream breaks off is broken off for the client too. Rejects
 * with what went wrong where no answer came; throws `invalid_request` for a body that cannot be sent on.
 */
export function createHandOn(): HandOn {
  const proxy = httpProxy.createProxyServer({ changeOrigin: true, secure: true });
  proxy.on('proxyRes', (answer, _request, response) => {
    answer.once('close', () => {
      if (!answer.complete) response.destroy();
    });
  });
  return async (request, response, { target, timeoutMs, agent }) => {
    const { headers, method } = request;
    // The library says that there is no body and sends it all the same: the host behind takes it for another request.
    const isUnstated = headers['content-length'] === undefined && 'transfer-encoding' in headers;
    if (isUnstated && (method === 'DELETE' || method === 'OPTIONS'))
      throw new AshlarError('invalid_request', `${method} with a body of unstated length`);
    for (const name of ownHeaders) delete headers[name];
    response.setHeader('x-ashlar-cache', 'pass');
    const done = Promise.withResolvers<void>();
    response.once('close', done.resolve);
    const options = { target, proxyTimeout: timeoutMs, ...(agent === undefined ? {} : { agent }) };
    proxy.web(request, response, options, done.reject);
    await done.promise;
  };
}
