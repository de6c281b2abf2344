import type { MadeContent } from '../../../support/oci-registry/made-content.ts';
import { whole } from '../../../support/oci-registry/bytes.ts';

/** Puts content into a registry that takes pushes (OCI distribution-spec 1.1, "Push"), and a tag on its last manifest. */
export async function pushContent(
  registryUrl: string,
  { repository, tag, content }: { repository: string; tag: string; content: MadeContent },
): Promise<void> {
  const base = `${registryUrl}/v2/${repository}`;
  for (const { digest, bytes } of content.blobs) {
    const begun = await sent(`${base}/blobs/uploads/`, { method: 'POST' });
    const place = new URL(begun.headers.get('location') ?? '', base);
    place.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream' };
    await sent(place.href, { method: 'PUT', headers, body: new Uint8Array(whole(bytes)) });
  }
  for (const [at, { digest, mediaType, bytes }] of content.manifests.entries()) {
    const reference = at === content.manifests.length - 1 ? tag : digest;
    const headers = { 'content-type': mediaType };
    const body = new Uint8Array(bytes);
    await sent(`${base}/manifests/${reference}`, { method: 'PUT', headers, body });
  }
}

async function sent(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${init.method} ${url}: ${response.status} ${text}`);
  return response;
}
