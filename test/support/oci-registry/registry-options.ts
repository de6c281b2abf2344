import type { FaultRule } from './fault.ts';
import type { RepositoryContent } from './registry-content.ts';

/** All of it is JSON, so that a registry can be started in another process as well. */
export interface RecordedOciOptions extends RegistrySettings {
  readonly contents?: readonly RepositoryContent[];
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** PEM. With it all addresses speak TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Decides which requests are hit by faults that have a share. Default 1. */
  readonly seed?: number;
  /** With it blobs are not answered but redirected to signed URLs at another address. */
  readonly cdn?: CdnOptions;
  /** With it the token service is not at the registry's address but at one of its own. */
  readonly tokenService?: PlaceOptions;
}

/** Where something of a registry listens besides. */
export interface PlaceOptions {
  /** Default 127.0.0.2 for the CDN, 127.0.0.3 for tokens. */
  readonly host?: string;
  /** What URLs name in place of the host; the port stays. */
  readonly name?: string;
}

export interface CdnOptions extends PlaceOptions {
  /** How often a signed URL may be asked for; default: any number of times. */
  readonly uses?: number;
  /** Default 300. */
  readonly lifetimeSec?: number;
  /** Default 307. */
  readonly status?: number;
}

/** What can change while the registry runs. */
export interface RegistrySettings {
  readonly auth?: AuthSettings;
  /** Before the headers of each answer. */
  readonly latencyMs?: number;
  /** Of bodies, for each connection; 0: as fast as it goes. */
  readonly bytesPerSec?: number;
  readonly faults?: readonly FaultRule[];
  /** Default sent. */
  readonly digestHeader?: 'sent' | 'left-out';
  /** `refused`: 405 to each HEAD. `blobs-missing`: 404 to those of blobs, whatever is there. */
  readonly heads?: 'answered' | 'refused' | 'blobs-missing';
  /** `tag`: 404, and the fallback tag stands for what speaks of a manifest. `none`: 404 alone. */
  readonly referrers?: 'api' | 'tag' | 'none';
  /** `heeded`: 404 for manifests of types that Accept does not list, as docker-registry 2.8 has it. */
  readonly accept?: 'ignored' | 'heeded';
  /** Entries of one page of tags or referrers, at most; 0: all. */
  readonly pageSize?: number;
  readonly rateLimit?: RateLimitSettings | null;
}

/** Counts down with each GET of a manifest, as Docker Hub's does. Given anew, it begins anew. */
export interface RateLimitSettings {
  readonly limit: number;
  /** Default: the limit. */
  readonly remaining?: number;
  /** Default 21600. */
  readonly windowSec?: number;
  /** On 429; Docker Hub sends none. */
  readonly retryAfterSec?: number;
}

export type AuthSettings =
  | { readonly scheme: 'none' }
  | ({ readonly scheme: 'basic' } & Permissions)
  | ({ readonly scheme: 'bearer' } & Permissions & TokenSettings);

export interface Permissions {
  /** By name. */
  readonly users?: Readonly<Record<string, RegistryUser>>;
  /** Repositories that everybody may pull: names, or beginnings with an asterisk. Default: all. */
  readonly anonymous?: readonly string[];
  /** To who is known but may not pull this. Default 401. */
  readonly denial?: 401 | 403 | 404;
}

export interface RegistryUser {
  readonly password: string;
  readonly repositories: readonly string[];
}

export interface TokenSettings {
  /** Default `registry.test`. */
  readonly service?: string;
  /** What challenges name as realm, in place of this registry's token service. */
  readonly realm?: string;
  /** Default 300. */
  readonly lifetimeSec?: number;
  /** Whether answers say how long a token lasts. Default stated. */
  readonly expiry?: 'stated' | 'left-out';
  /** Default `token`. */
  readonly field?: 'token' | 'access_token';
}
