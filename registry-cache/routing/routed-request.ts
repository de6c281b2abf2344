import type { OciDigest } from '../../src/network.ts';
import type { CachedRegistry } from '../config/cached-registry.ts';

/** What a client wants (OCI distribution-spec 1.1, "Endpoints"), as far as its path, query and method say. */
export type RoutedRequest =
  | { readonly kind: 'ping' }
  | ManifestRequest
  | BlobRequest
  | TagsRequest
  | ReferrersRequest
  /** Anything that would change something, or belongs to doing so. */
  | { readonly kind: 'push'; readonly repository: AskedRepository | null }
  /** The list of all repositories, which a cache of registries does not have. */
  | { readonly kind: 'catalog' }
  /** No path of a registry. */
  | { readonly kind: 'none' };

/** A repository of a registry that is cached. */
export interface AskedRepository {
  readonly registry: CachedRegistry;
  /** Without the registry; `library/ubuntu` for Docker Hub's `ubuntu`. */
  readonly repository: string;
}

export interface ManifestRequest extends AskedRepository {
  readonly kind: 'manifest';
  readonly reference: ManifestReference;
}

export type ManifestReference =
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'digest'; readonly digest: OciDigest };

export interface BlobRequest extends AskedRepository {
  readonly kind: 'blob';
  readonly digest: OciDigest;
}

export interface TagsRequest extends AskedRepository {
  readonly kind: 'tags';
  /** How many are wanted at most; null for all. */
  readonly n: number | null;
  /** Only what comes behind it is wanted; it need not be there. */
  readonly last: string | null;
  /** The list as the client asked for it, for the link to the next page: path, and `ns` if it was there. */
  readonly list: { readonly path: string; readonly ns: string | null };
}

export interface ReferrersRequest extends AskedRepository {
  readonly kind: 'referrers';
  readonly digest: OciDigest;
  /** Null for all. */
  readonly artifactType: string | null;
}
