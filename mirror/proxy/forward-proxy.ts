import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import { AshlarError } from '../../src/index.ts';
import { AttemptFailure } from '../../src/network.ts';
import type { HandOn } from '../pass-through/hand-on.ts';
import { type BeyondTheMirror, refusalBeyond } from './beyond-the-mirror.ts';
import { checkedLookup } from './checked-lookup.ts';

export interface ForwardProxyOptions extends BeyondTheMirror {
  readonly timeoutMs: number;
}

/** Forwards a request with a whole address (RFC 9112, section 3.2.2) to a host that is not mirrored. */
export type ForwardRequest = (
  request: IncomingMessage,
  response: ServerResponse,
  target: URL,
) => Promise<void>;

/** Throws where no answer came, or where the host may not be reached from here. */
export function createForwardProxy(handOn: HandOn, options: ForwardProxyOptions): ForwardRequest {
  const agent = new Agent({ keepAlive: true, lookup: checkedLookup(options.addressRule) });
  return async (request, response, target) => {
    const problem = refusalOf(options, target);
    if (problem !== null)
      throw new AshlarError('proxy_refused', `${target.host} is not forwarded to: ${problem}`);
    request.url = `${target.pathname}${target.search}`;
    try {
      await handOn(request, response, {
        target: target.origin,
        agent,
        timeoutMs: options.timeoutMs,
      });
    } catch (error) {
      throw failure(error, target);
    }
  };
}

function refusalOf(options: BeyondTheMirror, { protocol, hostname, port }: URL): string | null {
  if (protocol !== 'http:') return 'a proxy is asked for https with CONNECT';
  return refusalBeyond(options, { host: hostname, port: Number(port || '80'), way: 'forward' });
}

/** What the rule for addresses refuses shows when the name is looked up. */
function failure(error: unknown, { host }: URL): unknown {
  if (error instanceof AshlarError || !(error instanceof Error)) return error;
  const code = error instanceof AttemptFailure ? 'proxy_refused' : 'proxy_target_unreachable';
  return new AshlarError(code, `${host} cannot be reached: ${error.message}`, { cause: error });
}
