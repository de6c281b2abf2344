import { corruptFailure, invalidImage, unsupportedImage, type Origin } from './origin.ts';
import {
  countOf,
  fieldOf,
  isPresent,
  itemsOf,
  optionalStringOf,
  parseJsonDocument,
  stringMapOf,
  stringOf,
  type JsonPlace,
} from './json-document.ts';
import {
  bareMediaType,
  isImageConfig,
  isSchema1,
  layerCompressionOf,
  manifestKind,
  mediaTypes,
  type LayerCompression,
  type ManifestKind,
} from './media-types.ts';
import { digestProblem, isOciDigest, type OciDigest } from './oci-digest.ts';
import { normalisePlatform, type Platform } from './platform.ts';

/** A pointer to content (OCI image-spec 1.1, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: OciDigest;
  readonly sizeBytes: number;
}

export interface LayerDescriptor extends Descriptor {
  readonly compression: LayerCompression;
}

export interface IndexEntry extends Descriptor {
  /** Null where the index does not say. */
  readonly platform: Platform | null;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ImageManifest {
  readonly kind: 'image';
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly LayerDescriptor[];
}

export interface ImageIndex {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly entries: readonly IndexEntry[];
}

export type Manifest = ImageManifest | ImageIndex;

/** What containerd and the distribution-spec's conformance suite draw the line at. */
export const maxManifestBytes = 4 * 1024 * 1024;
export const maxLayers = 1000;
const maxIndexEntries = 10_000;
const maxJsonDepth = 32;

/**
 * Reads an OCI image manifest or index, or a Docker schema 2 manifest or manifest list, strictly. `mediaType`
 * is what the descriptor or the Content-Type header says, null where nothing does.
 *
 * Throws the origin's `..._corrupt` code for what is no JSON, `image_invalid` for JSON that is no
 * manifest, and `image_unsupported`, by name, for schema 1, artifacts that are no container images, and layers
 * that are encrypted, not distributable or of an unknown type.
 */
export function parseManifest(
  bytes: Uint8Array,
  mediaType: string | null,
  origin: Origin,
): Manifest {
  const root = parseManifestJson(bytes, origin);
  const kind = kindOf(root, mediaType, origin);
  const named = optionalStringOf(fieldOf(root, 'mediaType')) ?? mediaType ?? '';
  const type =
    manifestKind(bareMediaType(named)) === null ? defaultType(kind) : bareMediaType(named);
  return kind === 'index' ? indexOf(root, type) : imageOf(root, type, origin);
}

/** Size and nesting limits of every JSON file that leads to an image; `name` is for messages. */
export function parseManifestJson(
  bytes: Uint8Array,
  origin: Origin,
  name = 'the manifest',
): JsonPlace {
  return parseJsonDocument(bytes, {
    maxBytes: maxManifestBytes,
    maxDepth: maxJsonDepth,
    malformed: (problem) => corruptFailure(origin, `${name} ${problem}`),
    invalid: (problem) => invalidImage(origin, `${name} ${problem}`),
  });
}

function kindOf(root: JsonPlace, outerType: string | null, origin: Origin): ManifestKind {
  const written = optionalStringOf(fieldOf(root, 'mediaType'));
  const inner = written === null ? null : bareMediaType(written);
  const outer = outerType === null ? null : bareMediaType(outerType);
  const version = countOf(fieldOf(root, 'schemaVersion'));
  if (version === 1 || isSchema1(inner ?? '')) {
    throw unsupportedImage(
      origin,
      'the manifest is of Docker schema 1, which registries and clients have given up',
      'Push the image again with a current docker, podman or skopeo.',
    );
  }
  if (version !== 2) throw root.fail(`has the schemaVersion ${version} instead of 2`);
  // A document that is both may be read as either (CVE-2021-41190): refuse it.
  const isIndex = isPresent(fieldOf(root, 'manifests'));
  const isImage = isPresent(fieldOf(root, 'layers')) || isPresent(fieldOf(root, 'config'));
  if (isIndex && isImage) throw root.fail('has both "manifests" and "layers" or "config"');
  const kind = isIndex ? 'index' : 'image';
  // Registries send application/json or nothing where they do not know; only a named kind contradicts.
  const outerKind = outer === null ? null : manifestKind(outer);
  const innerKind = inner === null ? kind : manifestKind(inner);
  if (innerKind === null) {
    const type = JSON.stringify(inner?.slice(0, 120));
    throw unsupportedImage(origin, `the manifest has the media type ${type}, which is unknown`);
  }
  for (const said of [innerKind, outerKind ?? kind]) {
    if (said === kind) continue;
    const where = said === outerKind ? 'its descriptor or Content-Type' : 'its own mediaType';
    throw root.fail(`has the fields of an ${kind}, but ${where} says that it is an ${said}`);
  }
  return kind;
}

function defaultType(kind: ManifestKind): string {
  return kind === 'index' ? mediaTypes.ociIndex : mediaTypes.ociManifest;
}

function indexOf(root: JsonPlace, mediaType: string): ImageIndex {
  const entries = itemsOf(fieldOf(root, 'manifests'), maxIndexEntries).map((place) => ({
    ...descriptorOf(place),
    platform: platformOf(fieldOf(place, 'platform')),
    annotations: stringMapOf(fieldOf(place, 'annotations')),
  }));
  return { kind: 'index', mediaType, entries };
}

function imageOf(root: JsonPlace, mediaType: string, origin: Origin): ImageManifest {
  const config = descriptorOf(fieldOf(root, 'config'));
  if (!isImageConfig(config.mediaType)) throw notAnImage(root, config, origin);
  const places = itemsOf(fieldOf(root, 'layers'), maxLayers);
  const layers = places.map((place, index) => {
    const layer = descriptorOf(place);
    const answer = layerCompressionOf(layer.mediaType);
    if ('refusal' in answer) {
      throw unsupportedImage(
        origin,
        `layer ${index + 1} of ${places.length} (${layer.digest}) is refused: ${answer.refusal} (${layer.mediaType})`,
      );
    }
    return { ...layer, compression: answer.compression };
  });
  return { kind: 'image', mediaType, config, layers };
}

function notAnImage(root: JsonPlace, config: Descriptor, origin: Origin): Error {
  const artifactType = optionalStringOf(fieldOf(root, 'artifactType'));
  const type = artifactType ?? config.mediaType;
  return unsupportedImage(
    origin,
    `this is not a container image, but an artifact of type ${type.slice(0, 120)}`,
  );
}

function descriptorOf(place: JsonPlace): Descriptor {
  const digestPlace = fieldOf(place, 'digest');
  const digest = stringOf(digestPlace);
  if (!isOciDigest(digest)) {
    throw place.fail(`has a wrong digest in ${digestPlace.path}: ${digestProblem(digest)}`);
  }
  return {
    mediaType: bareMediaType(stringOf(fieldOf(place, 'mediaType'))),
    digest,
    sizeBytes: countOf(fieldOf(place, 'size')),
  };
}

function platformOf(place: JsonPlace): Platform | null {
  if (!isPresent(place)) return null;
  return normalisePlatform({
    os: stringOf(fieldOf(place, 'os')),
    architecture: stringOf(fieldOf(place, 'architecture')),
    variant: optionalStringOf(fieldOf(place, 'variant')),
  });
}
