/** The media types that clients ask registries for and find in manifests. */
export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
} as const;

/**
 * Sent with every request for a manifest, whatever it should be: registries rewrite or hide what is not
 * on the list.
 */
export const manifestAccept = [
  mediaTypes.ociIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerList,
  mediaTypes.dockerManifest,
].join(', ');

export type ManifestKind = 'image' | 'index';

export type LayerCompression = 'none' | 'gzip' | 'zstd';

const layerPrefix = 'application/vnd.oci.image.layer.v1.tar';
const dockerLayerPrefix = 'application/vnd.docker.image.rootfs.diff.tar';

const layerCompressions: Readonly<Record<string, LayerCompression>> = {
  [layerPrefix]: 'none',
  [`${layerPrefix}+gzip`]: 'gzip',
  [`${layerPrefix}+zstd`]: 'zstd',
  [dockerLayerPrefix]: 'none',
  [`${dockerLayerPrefix}.gzip`]: 'gzip',
  [`${dockerLayerPrefix}.zstd`]: 'zstd',
};

/** The type alone, without parameters, in lower case (RFC 9110, section 8.3.1). */
export function bareMediaType(text: string): string {
  const [type = ''] = text.split(';', 1);
  return type.trim().toLowerCase();
}

/** Null for what is neither an image manifest nor an index of them. */
export function manifestKind(mediaType: string): ManifestKind | null {
  switch (mediaType) {
    case mediaTypes.ociManifest:
    case mediaTypes.dockerManifest:
      return 'image';
    case mediaTypes.ociIndex:
    case mediaTypes.dockerList:
      return 'index';
    default:
      return null;
  }
}

/** Docker's schema 1 (`...manifest.v1+json`, `...manifest.v1+prettyjws`), given up in 2017. */
export function isSchema1(mediaType: string): boolean {
  return mediaType.startsWith('application/vnd.docker.distribution.manifest.v1+');
}

export function isImageConfig(mediaType: string): boolean {
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}

/** How a layer of this type is compressed, or why it is refused. */
export function layerCompressionOf(
  mediaType: string,
): { readonly compression: LayerCompression } | { readonly refusal: string } {
  const compression = Object.hasOwn(layerCompressions, mediaType)
    ? layerCompressions[mediaType]
    : undefined;
  if (compression !== undefined) return { compression };
  if (mediaType.endsWith('+encrypted')) return { refusal: 'it is encrypted' };
  if (/nondistributable|rootfs\.foreign/.test(mediaType)) {
    return { refusal: 'it is not distributable (a foreign layer, kept outside the registry)' };
  }
  return { refusal: 'its media type is not that of a container image layer' };
}
