import { AshlarError } from '../../src/index.ts';
import {
  AttemptFailure,
  bareMediaType,
  digestAlgorithm,
  isOciDigest,
  isSchema1,
  maxManifestBytes,
  mediaTypes,
  type OciDigest,
  ociDigestOf,
  readBody,
  type UpstreamResponse,
} from '../../src/network.ts';

/** A manifest as upstream gave it. */
export interface ReceivedManifest {
  readonly bytes: Buffer;
  /** The Content-Type header, as it came; of an answer without one, what the manifest says itself. */
  readonly mediaType: string;
  /** Verified; of the algorithm that was asked for, else of the one that upstream uses. */
  readonly digest: OciDigest;
}

/** Visible ASCII, as header lines may have it. */
const typePattern = /^[\x21-\x7e][\x20-\x7e]{0,254}$/;

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
  const document = parseManifest(bytes);
  const type = response.header('content-type') ?? document?.type ?? 'something without a type';
  if (isSchema1(bareMediaType(type)) || document?.isSchema1 === true) {
    const problem = `${host} has ${reference} only as a manifest of Docker's schema 1, which clients gave up in 2017`;
    throw new AshlarError('image_unsupported', problem);
  }
  if (document === null) throw corrupt(`${host} sent no manifest, but ${type}`);
  // It is sent to clients, and kept.
  if (!typePattern.test(type)) throw corrupt(`${host} sent a manifest with a type that is none`);
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

interface ManifestDocument {
  /** For answers without a Content-Type: what the document says itself, or looks like. */
  readonly type: string;
  readonly isSchema1: boolean;
}

/** Whatever it is a manifest of: a JSON object that says which version or type it is. Null for all else. */
function parseManifest(bytes: Buffer): ManifestDocument | null {
  const value = parseJson(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  if (!('schemaVersion' in value || 'mediaType' in value)) return null;
  const { mediaType, schemaVersion, manifests } = value as Record<string, unknown>;
  const likely = Array.isArray(manifests) ? mediaTypes.ociIndex : mediaTypes.ociManifest;
  const type = typeof mediaType === 'string' ? mediaType : likely;
  return { type, isSchema1: schemaVersion === 1 };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function corrupt(problem: string): AttemptFailure {
  return new AttemptFailure(problem, { code: 'registry_corrupt', isPassing: true });
}
