import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { type AskToken, meet } from './meet-challenge.ts';
import { type LineOptions, openLine, type PullLine } from './pull-line.ts';
import { PullError, type PullTally } from './pull-result.ts';

export interface SessionOptions extends LineOptions {
  readonly name: string;
  /** Sent as the query `ns`, as containerd does to mirrors. */
  readonly ns?: string;
  readonly credential?: { readonly username: string; readonly password: string };
}

export interface SessionRequest {
  readonly method: 'GET' | 'HEAD';
  readonly kind: 'manifest' | 'blob';
  /** Tag or digest. */
  readonly reference: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** The connections of one pull, and what it has learned of who it is. */
export interface PullSession extends Disposable {
  /** The head of the answer, after redirects and after a challenge is met; of any status. Its body is the caller's. */
  open(request: SessionRequest): Promise<IncomingMessage>;
}

const noted =
  /^(?:x-ashlar-.*|server-timing|warning|age|content-type|content-length|content-range|docker-content-digest|retry-after|www-authenticate|ratelimit-.*|oci-.*)$/;

export function openSession(url: string, options: SessionOptions, tally: PullTally): PullSession {
  const { name, ns } = options;
  const line = openLine(options, tally);
  let authorization: string | null = null;
  let renewal: Promise<void> | null = null;

  const askToken: AskToken = async (target, headers) => {
    const response = await line.send({ target, method: 'GET', headers });
    note(tally, `GET token ${response.statusCode}`);
    return response;
  };
  const obtain = async (challenge: string): Promise<void> => {
    try {
      authorization = await meet(challenge, options, askToken);
    } finally {
      renewal = null;
    }
  };
  return {
    async open(request) {
      const { kind, reference, method } = request;
      const target = new URL(`v2/${name}/${kind}s/${reference}`, url);
      if (ns !== undefined) target.searchParams.set('ns', ns);
      const used = authorization;
      let response = await follow({ line, tally, request, authorization }, target);
      const challenge = response.headers['www-authenticate'];
      if (response.statusCode === 401 && challenge !== undefined) {
        response.resume();
        if (authorization === used) await (renewal ??= obtain(challenge));
        response = await follow({ line, tally, request, authorization }, target);
      }
      tally.headers[`${method} ${reference}`] = notedHeaders(response);
      return response;
    },
    [Symbol.dispose]: () => line[Symbol.dispose](),
  };
}

interface Way {
  readonly line: PullLine;
  readonly tally: PullTally;
  readonly request: SessionRequest;
  readonly authorization: string | null;
}

const mostRedirects = 5;

/** The proof of who asks stays with the host that it is for. */
async function follow(way: Way, first: URL): Promise<IncomingMessage> {
  const { line, tally, request, authorization } = way;
  const { method, kind } = request;
  let target = first;
  for (let hop = 0; hop <= mostRedirects; hop += 1) {
    const proof = target.host === first.host && authorization !== null ? { authorization } : {};
    const headers = { ...request.headers, ...proof };
    const response = await line.send({ target, method, headers });
    const { statusCode = 0 } = response;
    note(tally, `${method} ${kind} ${statusCode}`);
    const { location } = response.headers;
    if (statusCode < 300 || statusCode >= 400 || location === undefined) return response;
    response.resume();
    target = new URL(location, target);
  }
  throw new PullError('status', `more than ${mostRedirects} redirects`);
}

function notedHeaders({ headers }: IncomingMessage): Record<string, string> {
  const found = Object.entries(headers).filter(([name]) => noted.test(name));
  return Object.fromEntries(found.map(([name, value]) => [name, String(value)]));
}

function note(tally: PullTally, line: string): void {
  tally.statuses[line] = (tally.statuses[line] ?? 0) + 1;
}
