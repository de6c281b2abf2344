import {
  Agent,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as httpRequest,
} from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import { brokenOff, PullError, type PullTally } from './pull-result.ts';

export interface LineOptions {
  /** PEM of who signed the certificates, with https. */
  readonly ca?: string;
  /** How long nothing may come. Default 30 s. */
  readonly idleTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface LineRequest {
  readonly target: URL;
  readonly method: string;
  readonly headers: OutgoingHttpHeaders;
}

/** The connections of one pull. */
export interface PullLine extends Disposable {
  /** The head of the answer; throws `PullError` where there is none. */
  send(request: LineRequest): Promise<IncomingMessage>;
}

export function openLine(options: LineOptions, tally: PullTally): PullLine {
  const { idleTimeoutMs = 30_000, signal, ca } = options;
  const plain = new Agent({ keepAlive: true });
  const tls = new TlsAgent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) });
  const startMs = performance.now();
  return {
    async send({ target, method, headers }) {
      const isTls = target.protocol === 'https:';
      const start = isTls ? httpsRequest : httpRequest;
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
      const agent = isTls ? tls : plain;
      const request = start(target, { method, headers, agent, signal }, resolve);
      request.on('error', (error) => reject(brokenOff(error) ?? error));
      request.setTimeout(idleTimeoutMs, () => {
        request.destroy(new PullError('cut', `nothing came for ${idleTimeoutMs} ms`));
      });
      request.end();
      const response = await promise;
      tally.firstAnswerMs ??= performance.now() - startMs;
      return response;
    },
    [Symbol.dispose]() {
      plain.destroy();
      tls.destroy();
    },
  };
}
