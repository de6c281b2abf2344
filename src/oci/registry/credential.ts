import { createHash } from 'node:crypto';

/** What a client shows to a registry or to its token service. */
export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** A refresh token of OAuth 2, which `docker login` stores for some registries. */
  | { readonly kind: 'identity'; readonly token: string };

export interface CredentialAnswer {
  /** Null: go without. */
  readonly credential: Credential | null;
  /** Why there is none although one is configured; shown when the registry asks for one. */
  readonly problem: string | null;
}

/** Finds what the user has stored for a registry (`host[:port]`, `docker.io`) and a repository of it. */
export type CredentialLookup = (registry: string, repository: string) => Promise<CredentialAnswer>;

/** Names a credential in memory without holding it; different ones never share what they are let to see. */
export function credentialKey(credential: Credential | null): string {
  if (credential === null) return 'anonymous';
  return createHash('sha256').update(JSON.stringify(credential)).digest('hex');
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
