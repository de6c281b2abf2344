import type { Descriptor } from '../manifest.ts';
import type { OciDigest } from '../oci-digest.ts';
import type { ImageReference } from '../reference.ts';
import { askEndpoints, streamFromEndpoints } from './ask-endpoints.ts';
import { createContext, type ClientContext, type RegistryClientOptions } from './client-context.ts';
import { downloadWhole } from './download-blob.ts';
import {
  fetchManifestOnce,
  headDigestOnce,
  type FetchedManifest,
  type ManifestQuery,
} from './fetch-manifest.ts';
import { subjectOf } from './request-subject.ts';
import { withRetries } from '../../upstream/retry.ts';

/**
 * Reads from registries, after OCI distribution-spec 1.1 and Docker Registry API v2. Mirrors are asked first,
 * with two attempts each; then the registry. All bytes are verified.
 *
 * Throws the abort reason, or: `base_not_found` (404), `registry_auth_required` (401, 403, no usable
 * credentials, a token service that is not the registry's), `registry_rate_limited` (429 to the end),
 * `registry_unavailable` (network, 5xx, redirects that are not followed), `registry_corrupt` (wrong bytes),
 * `config_invalid` (mirrors, credential files). Messages name registry, image and the number of attempts.
 */
export interface RegistryClient extends AsyncDisposable {
  /** The digest that the reference leads to now; that of a reference with a digest without asking. */
  resolve(reference: ImageReference, signal?: AbortSignal): Promise<OciDigest>;
  /** The manifest or index itself. */
  fetchManifest(reference: ImageReference, signal?: AbortSignal): Promise<FetchedManifest>;
  /** A small blob (up to 4 MiB, which the caller has checked), whole. */
  fetchBlob(request: BlobRequest): Promise<Buffer>;
  /**
   * The bytes of a blob, resumed where the connection breaks. What comes before an error is unproven: on wrong
   * bytes it throws `registry_corrupt` where the end would be. Blobs of up to 4 MiB are verified before
   * the first byte is handed on.
   */
  openBlob(request: BlobRequest): AsyncIterable<Buffer>;
}

export interface BlobRequest {
  readonly reference: ImageReference;
  readonly blob: Pick<Descriptor, 'digest' | 'sizeBytes'>;
  readonly signal?: AbortSignal | undefined;
}

const wholeBlobBytes = 4 * 1024 * 1024;

export function createRegistryClient(options: RegistryClientOptions = {}): RegistryClient {
  const context = createContext(options);
  return {
    async resolve(reference, signal) {
      if (reference.digest !== null) return reference.digest;
      return askForManifest(context, { reference, signal }, async (query) => {
        const digest = await headDigestOnce(context.exchange, query);
        return digest ?? (await fetchManifestOnce(context.exchange, query)).digest;
      });
    },
    fetchManifest: (reference, signal) =>
      askForManifest(context, { reference, signal }, (query) =>
        fetchManifestOnce(context.exchange, query),
      ),
    fetchBlob: (request) => fetchBlob(context, request),
    openBlob: (request) =>
      request.blob.sizeBytes <= wholeBlobBytes
        ? onlyChunk(() => fetchBlob(context, request))
        : streamBlob(context, request),
    [Symbol.asyncDispose]: () => context[Symbol.asyncDispose](),
  };
}

function askForManifest<T>(
  context: ClientContext,
  { reference, signal }: { reference: ImageReference; signal: AbortSignal | undefined },
  ask: (query: ManifestQuery) => Promise<T>,
): Promise<T> {
  const { repository, digest, tag } = reference;
  const subject = subjectOf(reference);
  return askEndpoints(context, reference, (endpoint, policy) => {
    const query = { endpoint, repository, target: digest ?? tag ?? 'latest', signal };
    return withRetries(context.plan({ subject, policy, signal }), () => ask(query));
  });
}

function fetchBlob(
  context: ClientContext,
  { reference, blob, signal }: BlobRequest,
): Promise<Buffer> {
  const { repository } = reference;
  const { digest, sizeBytes } = blob;
  const subject = subjectOf(reference, `blob ${digest}`);
  return askEndpoints(context, reference, (endpoint, policy) => {
    const query = { endpoint, repository, digest, sizeBytes, signal };
    return downloadWhole(context.exchange, query, context.plan({ subject, policy, signal }));
  });
}

function streamBlob(
  context: ClientContext,
  { reference, blob, signal }: BlobRequest,
): AsyncIterable<Buffer> {
  const { digest, sizeBytes } = blob;
  const subject = subjectOf(reference, `blob ${digest}`);
  return streamFromEndpoints(context, reference, { digest, sizeBytes, signal, subject });
}

async function* onlyChunk(fetch: () => Promise<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const bytes = await fetch();
  if (bytes.length > 0) yield bytes;
}
