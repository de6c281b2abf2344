import { credentialKey } from './credential.ts';
import { remember } from './remember.ts';
import { createSingleFlight } from './single-flight.ts';
import { fetchToken, type Token, type TokenRequest } from './token.ts';
import type { Transport } from '../../upstream/transport.ts';

/** Bearer tokens, each fetched once however many ask for it. */
export interface TokenStore {
  /**
   * An Authorization header with a token for what is wanted: a kept one, unless it is the one that was
   * `refused` or 80 % of its life is over.
   */
  authorization(
    wanted: TokenRequest,
    use: { readonly refused: string | null; readonly signal?: AbortSignal | undefined },
  ): Promise<string>;
}

interface KeptToken extends Token {
  readonly refreshAtMs: number;
}

const refreshShare = 0.8;

/** Tokens are kept per realm, service, scope and credential: without the last, one user would see another's. */
export function createTokenStore(transport: Transport, nowMs: () => number): TokenStore {
  const tokens = new Map<string, KeptToken>();
  const flights = createSingleFlight<KeptToken>();
  return {
    async authorization(wanted, { refused, signal }) {
      const { realm, service, scope, credential } = wanted;
      const key = JSON.stringify([realm.href, service, scope, credentialKey(credential)]);
      const kept = tokens.get(key);
      const header = `Bearer ${kept?.value ?? ''}`;
      if (kept !== undefined && header !== refused && nowMs() < kept.refreshAtMs) return header;
      const fetchKept = async (): Promise<KeptToken> => {
        const token = await fetchToken(transport, wanted, nowMs);
        const fresh = { ...token, refreshAtMs: nowMs() + token.lifetimeMs * refreshShare };
        remember(tokens, key, fresh);
        return fresh;
      };
      const { value } = await flights.run(key, fetchKept, signal);
      return `Bearer ${value}`;
    },
  };
}
