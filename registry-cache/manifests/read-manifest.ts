import {
  AttemptFailure,
  bareMediaType,
  digestAlgorithm,
  isOciDigest,
  isSchema1,
  maxManifestBytes,
  type OciDigest,
  ociDigestOf,
  readBody,
  type UpstreamResponse,
} from '../../src/network.ts';
import { AshlarError } from '../../src/index.ts';

/** A manifest as upstream gave it. */
export interface ReceivedManifest {
  readonly bytes: Buffer;
  /** The Content-Type header, as it came. */
  readonly mediaType: string;
  /** Verified; of the algorithm that was asked for, else of the one that upstream uses. */
  readonly digest: OciDigest;
}

const defaultType = 'application/vnd.oci.image.manifest.v1+json';

/**
 * Reads the answer to a GET of a manifest (OCI distribution-spec 1.1, "Pulling manifests"). `reference` is the tag or digest
 * that was asked for. Throws an `AttemptFailure` of code `registry_corrupt` where the bytes are not those of the digest, or no
 * manifest at all, such as the page of a portal; `image_unsupported` for Docker's schema 1, whose digest is not that of its bytes.
 */
export async function receiveManifest(
  response: UpstreamResponse,
  reference: string,
): Promise<ReceivedManifest> {
  const { host } = response.url;
  const bytes = await readBody(response, maxManifestBytes);
  const type = response.header('content-type') ?? defaultType;
  if (isSchema1(bareMediaType(type))) {
    const problem = `${host} has ${reference} only as a manifest of Docker's schema 1, which clients gave up in 2017`;
    throw new AshlarError('image_unsupported', problem);
  }
  if (!isManifest(bytes)) throw corrupt(`${host} sent no manifest, but ${type}`);
  const announced = response.header('docker-content-digest');
  const asked = isOciDigest(reference) ? reference : null;
  const stated = announced !== null && isOciDigest(announced) ? announced : null;
  for (const digest of [asked, stated]) {
    if (digest === null) continue;
    const found = ociDigestOf(bytes, digestAlgorithm(digest));
    if (found !== digest)
      throw corrupt(`${host} sent a manifest with the digest ${found} instead of ${digest}`);
  }
  return { bytes, mediaType: type, digest: asked ?? stated ?? ociDigestOf(bytes) };
}

/** Whatever it is a manifest of: a JSON object that says which version or type it is. */
function isManifest(bytes: Buffer): boolean {
  try {
    const value = JSON.parse(bytes.toString('utf8')) as unknown;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    return 'schemaVersion' in value || 'mediaType' in value;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function corrupt(problem: string): AttemptFailure {
  return new AttemptFailure(problem, { code: 'registry_corrupt', isPassing: true });
}
