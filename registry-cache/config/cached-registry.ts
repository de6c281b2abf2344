import type { Credential } from '../../src/network.ts';

/** A registry of the closed list that is cached. */
export interface CachedRegistry {
  /** The host by which clients know it, with a port if it has one: `docker.io`. In lower case. */
  readonly name: string;
  /** Further such hosts. */
  readonly aliases: readonly string[];
  /** Where it is fetched from, in this order; one may have a path, which comes before the repository. */
  readonly endpoints: readonly [URL, ...URL[]];
  /** Whether credentials that clients send are shown to it. */
  readonly clientCredentials: boolean;
  readonly credential: OperatorCredential;
  /**
   * What the operator's credential is for, if there is one. `public`: for what anybody may read, as limits are higher with it.
   * `everyone`: whoever reaches the cache reads what the credential may read.
   */
  readonly credentialFor: 'public' | 'everyone';
  /** Hosts, besides its own, that it may send to for a token. */
  readonly trustedRealms: readonly string[];
  /** How long a tag is believed without asking. */
  readonly tagMaxAgeMs: number;
}

/** What the operator shows to a registry. `docker`: what docker, podman and their helpers have stored for it. */
export type OperatorCredential =
  | { readonly kind: 'none' }
  | { readonly kind: 'docker' }
  | Extract<Credential, { readonly kind: 'password' }>;
