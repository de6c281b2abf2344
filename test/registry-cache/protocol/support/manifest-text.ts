import { ociEmpty, ociIndex, ociManifest } from '../../../support/oci-registry/media-types.ts';

const empty = {
  mediaType: ociEmpty,
  digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  size: 2,
};

export interface NamedContent {
  readonly digest: string;
  readonly size: number;
  readonly [field: string]: unknown;
}

export function manifestText(layers: readonly NamedContent[], more: object = {}): string {
  const typed = layers.map((layer) => ({ mediaType: 'application/octet-stream', ...layer }));
  const document = { schemaVersion: 2, mediaType: ociManifest, config: empty, layers: typed };
  return JSON.stringify({ ...document, ...more });
}

export function indexText(manifests: readonly NamedContent[]): string {
  const typed = manifests.map((each) => ({ mediaType: ociManifest, ...each }));
  return JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: typed });
}
