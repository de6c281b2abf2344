import { maxManifestBytes } from '../manifest.ts';
import { bareMediaType, manifestAccept } from '../media-types.ts';
import { digestAlgorithm, isOciDigest, ociDigestOf, type OciDigest } from '../oci-digest.ts';
import { AttemptFailure } from '../../upstream/attempt-failure.ts';
import type { Endpoint } from './endpoint.ts';
import type { Exchange } from './exchange-request.ts';
import { readBody, type TransportResponse } from '../../upstream/transport.ts';

export interface ManifestQuery {
  readonly endpoint: Endpoint;
  readonly repository: string;
  /** A tag or a digest. */
  readonly target: string;
  readonly signal?: AbortSignal | undefined;
}

export interface FetchedManifest {
  readonly bytes: Buffer;
  /** Null when the registry says nothing. */
  readonly mediaType: string | null;
  /** Verified; of the algorithm that the registry uses, sha256 where it does not say. */
  readonly digest: OciDigest;
}

/**
 * One GET of a manifest (OCI distribution-spec 1.1, "Pulling manifests"), whole and verified: against the digest
 * asked for, and against the Docker-Content-Digest header. Throws an `AttemptFailure`.
 */
export async function fetchManifestOnce(
  exchange: Exchange,
  query: ManifestQuery,
): Promise<FetchedManifest> {
  const response = await exchange(requestOf('GET', query));
  const bytes = await readBody(response, maxManifestBytes);
  const announced = digestHeader(response);
  const wanted = isOciDigest(query.target) ? query.target : null;
  for (const digest of [wanted, announced]) {
    if (digest === null) continue;
    const found = ociDigestOf(bytes, digestAlgorithm(digest));
    if (found !== digest) throw wrongDigest(response, { digest, found });
  }
  const type = response.header('content-type');
  return {
    bytes,
    mediaType: type === null ? null : bareMediaType(type),
    digest: wanted ?? announced ?? ociDigestOf(bytes),
  };
}

/**
 * One HEAD for the digest of a tag; it does not count against Docker Hub's limit. Null where the registry does
 * not answer HEAD as the specification asks, or says that there is nothing: only a GET is to be believed then.
 */
export async function headDigestOnce(
  exchange: Exchange,
  query: ManifestQuery,
): Promise<OciDigest | null> {
  try {
    const response = await exchange(requestOf('HEAD', query));
    await response.discard();
    return digestHeader(response);
  } catch (error) {
    if (error instanceof AttemptFailure && isUnsure(error.facts.status)) return null;
    throw error;
  }
}

/** Everything but a missing login and a limit, which a GET would meet as well. */
function isUnsure(status: number | undefined): boolean {
  return status !== undefined && ![401, 403, 429].includes(status);
}

function requestOf<Method extends 'GET' | 'HEAD'>(method: Method, query: ManifestQuery) {
  const { target, ...rest } = query;
  return { ...rest, method, path: `manifests/${target}`, headers: { accept: manifestAccept } };
}

function digestHeader(response: TransportResponse): OciDigest | null {
  const text = response.header('docker-content-digest');
  return text !== null && isOciDigest(text) ? text : null;
}

function wrongDigest(
  response: TransportResponse,
  { digest, found }: { digest: OciDigest; found: OciDigest },
): AttemptFailure {
  const problem = `${response.url.host} sent a manifest with the digest ${found} instead of ${digest}`;
  return new AttemptFailure(problem, { code: 'registry_corrupt', isPassing: true });
}
