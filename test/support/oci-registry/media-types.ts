import type { Compression } from './made-layer.ts';

/** OCI image specification, media-types.md; Docker's image manifest version 2, schema 2. */
export const ociIndex = 'application/vnd.oci.image.index.v1+json';
export const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
export const ociConfig = 'application/vnd.oci.image.config.v1+json';
export const ociEmpty = 'application/vnd.oci.empty.v1+json';
export const ociLayer = 'application/vnd.oci.image.layer.v1.tar';
export const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
const dockerConfig = 'application/vnd.docker.container.image.v1+json';
const dockerLayer = 'application/vnd.docker.image.rootfs.diff.tar';

export interface MediaTypes {
  readonly index: string;
  readonly manifest: string;
  readonly config: string;
  readonly layer: Readonly<Record<Compression, string>>;
}

export const mediaTypes: Readonly<Record<'oci' | 'docker', MediaTypes>> = {
  oci: {
    index: ociIndex,
    manifest: ociManifest,
    config: ociConfig,
    layer: { none: ociLayer, gzip: `${ociLayer}+gzip`, zstd: `${ociLayer}+zstd` },
  },
  docker: {
    index: dockerList,
    manifest: dockerManifest,
    config: dockerConfig,
    layer: { none: dockerLayer, gzip: `${dockerLayer}.gzip`, zstd: `${dockerLayer}.zstd` },
  },
};

export const allManifestTypes = [ociIndex, ociManifest, dockerList, dockerManifest].join(', ');
