import type { TransportResponse } from './transport.ts';

/** Answers origins that ask who sends a request (RFC 9110, section 11.6). Its failures are those of the origin. */
export interface OriginAuthorizer {
  /** The Authorization header of a first request; null for none. Throws an `AttemptFailure`. */
  current(origin: URL, signal: AbortSignal | undefined): Promise<string | null>;
  /** That of a second one, after a 401 with this challenge to a request with `refused`. Throws an `AttemptFailure`. */
  answer(
    origin: URL,
    rejection: { readonly challenge: string | null; readonly refused: string | null },
    signal: AbortSignal | undefined,
  ): Promise<string>;
}

export interface AuthorizedSend {
  readonly origin: URL;
  readonly signal: AbortSignal | undefined;
  readonly send: (authorization: string | null) => Promise<TransportResponse>;
  /** Whether the answer is the origin's own, and not that of a place it redirected to. */
  readonly isOwnAnswer: () => boolean;
}

/** A challenge is answered once: what the second request gives is the answer, whatever it says. */
export async function sendAuthorized(
  authorization: string | null | OriginAuthorizer,
  { origin, signal, send, isOwnAnswer }: AuthorizedSend,
): Promise<TransportResponse> {
  if (authorization === null || typeof authorization === 'string') return send(authorization);
  const refused = await authorization.current(origin, signal);
  const first = await send(refused);
  if (first.status !== 401 || !isOwnAnswer()) return first;
  await first.discard();
  const challenge = first.header('www-authenticate');
  return send(await authorization.answer(origin, { challenge, refused }, signal));
}
