import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import { AshlarError } from '../../src/index.ts';
import { AttemptFailure, type RequestLedger } from '../../src/network.ts';
import type { HandOn } from '../pass-through/hand-on.ts';
import { type BeyondTheMirror, refusalBeyond } from './beyond-the-mirror.ts';
import { checkedLookup } from './checked-lookup.ts';

export interface ForwardProxyOptions extends BeyondTheMirror {
  readonly handOn: HandOn;
  /** How long nothing may come, and how long all of it may take. */
  readonly idleMs: number;
  readonly wholeMs: number;
}

/** Forwards a request with a whole address (RFC 9112, section 3.2.2) to a host that is not mirrored. */
export interface ForwardProxy extends Disposable {
  /**
   * Resolves when the answer is sent. Throws as `HandOn` does: `proxy_target_unreachable` where the host fails, and
   * `proxy_refused` where it may not be reached from here.
   */
  forward(request: IncomingMessage, response: ServerResponse, to: ForwardTarget): Promise<void>;
}

export interface ForwardTarget {
  readonly target: URL;
  readonly ledger: RequestLedger;
  /** Told of each part of the answer's body. */
  readonly onSent: (bytes: number) => void;
}

/** To one host. */
const connections = 32;

export function createForwardProxy(options: ForwardProxyOptions): ForwardProxy {
  const { handOn, addressRule, idleMs, wholeMs } = options;
  const agent = new Agent({
    keepAlive: true,
    maxSockets: connections,
    lookup: checkedLookup(addressRule),
  });
  return {
    async forward(request, response, { target, ...told }) {
      const problem = refusalToForward(options, target);
      if (problem !== null)
        throw new AshlarError('proxy_refused', `${target.host} is not forwarded to: ${problem}`);
      request.url = `${target.pathname}${target.search}`;
      const failure = (cause: Error): AshlarError => failureOf(cause, target);
      const times = { idleMs, wholeMs };
      return handOn(request, response, {
        target: target.origin,
        agent,
        ...times,
        ...told,
        failure,
      });
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

function refusalToForward(
  options: BeyondTheMirror,
  { protocol, hostname, port }: URL,
): string | null {
  if (protocol !== 'http:') return 'a proxy is asked for https with CONNECT';
  return refusalBeyond(options, { host: hostname, port: Number(port || '80'), way: 'forward' });
}

/** What the rule for addresses refuses shows when the name is looked up. */
function failureOf(cause: Error, { host }: URL): AshlarError {
  const code = cause instanceof AttemptFailure ? 'proxy_refused' : 'proxy_target_unreachable';
  return new AshlarError(code, `${host} cannot be reached: ${cause.message}`, { cause });
}
