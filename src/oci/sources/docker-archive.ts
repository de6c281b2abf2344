import { AshlarError } from '../../errors/ashlar-error.ts';
import { maxConfigBytes, parseImageConfig, platformOfConfig } from '../image-config.ts';
import type { OciImageConfig } from '../image-config.ts';
import type { ImageLayer, ImageSource } from '../image-source.ts';
import {
  fieldOf,
  isPresent,
  itemsOf,
  stringListOf,
  stringOf,
  type JsonPlace,
} from '../json-document.ts';
import { createImageLayer } from '../layers/image-layer.ts';
import { maxLayers, maxManifestBytes, parseManifestJson } from '../manifest.ts';
import { isOciDigest, ociDigestOf, type OciDigest } from '../oci-digest.ts';
import { corruptFailure, invalidImage, type Origin } from '../origin.ts';
import { platformUnavailable, suitsPlatform, type Platform } from '../platform.ts';
import { familiarReference, formatReference, parseReference } from '../reference.ts';
import type { ImageReference } from '../reference.ts';
import { readSmallFile, type SourceFile, type SourceFiles } from './source-files.ts';

export interface DockerArchiveOptions {
  readonly origin: Origin;
  readonly image: ImageReference | null;
  readonly platform: Platform;
  readonly signal?: AbortSignal | undefined;
}

const maxImages = 10_000;

/** `manifest.json` of a `docker save` archive (moby, image/spec/v1.2.md, "Combined Image JSON + ..."). */
interface SavedImage {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

/**
 * Reads one image of a `docker save` archive, of the old form (a directory or file per layer) or the new one (an
 * OCI layout with `manifest.json` beside it). The layers are proved by the diffIds of the configuration, and where
 * configuration or layers are named by a digest, by that too.
 */
export async function readDockerArchive(
  files: SourceFiles,
  options: DockerArchiveOptions,
): Promise<Omit<ImageSource, typeof Symbol.asyncDispose>> {
  const { origin, signal, platform } = options;
  const saved = chooseImage(await readManifestJson(files, options), options);
  const config = await readConfig(files, saved, { origin, signal });
  const made = platformOfConfig(config);
  if (made !== null && !suitsPlatform(made, platform)) {
    throw platformUnavailable(origin, platform, [made]);
  }
  return {
    description: origin.description,
    resolvedDigest: null,
    manifestDigest: null,
    config,
    layers: await layersOf(files, saved, { config, origin }),
  };
}

async function readManifestJson(
  files: SourceFiles,
  { origin, signal }: DockerArchiveOptions,
): Promise<readonly SavedImage[]> {
  const file = await files.find('manifest.json');
  if (file === null) throw await notSaved(files, origin);
  const bytes = await readSmallFile(file, maxManifestBytes, signal);
  if (bytes === null) throw invalidImage(origin, 'manifest.json is larger than 4 MiB');
  const root = parseManifestJson(bytes, origin, 'manifest.json');
  return itemsOf(root, maxImages).map((place) => ({
    config: stringOf(fieldOf(place, 'Config')),
    tags: optionalList(fieldOf(place, 'RepoTags'), maxImages),
    layers: optionalList(fieldOf(place, 'Layers'), maxLayers),
  }));
}

async function notSaved(files: SourceFiles, origin: Origin): Promise<AshlarError> {
  const isLayout = (await files.find('index.json')) !== null;
  const isOld = (await files.find('repositories')) !== null;
  const reason = isLayout
    ? '; it is an OCI archive'
    : isOld
      ? '; the form of Docker before 1.10 is not supported'
      : '';
  return new AshlarError(
    'source_invalid',
    `${origin.description}: it is not an archive of docker save: there is no manifest.json${reason}`,
    {
      hint: isLayout
        ? 'Write oci-archive: instead of docker-archive:.'
        : 'Make the archive with docker save, podman save or skopeo copy.',
    },
  );
}

function optionalList(place: JsonPlace, maxItems: number): readonly string[] {
  return isPresent(place) ? stringListOf(place, maxItems) : [];
}

function chooseImage(
  images: readonly SavedImage[],
  { image, origin }: DockerArchiveOptions,
): SavedImage {
  const wanted = image === null ? null : formatReference(image);
  const found =
    wanted === null ? images : images.filter(({ tags }) => tags.some((tag) => names(tag, wanted)));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const tags = images.flatMap((each) => each.tags);
  const offer = tags.length === 0 ? 'no tags are given' : `the tags are ${tags.join(', ')}`;
  const problem =
    image === null
      ? `it holds ${found.length} images`
      : `${found.length} images have the tag ${familiarReference(image)}`;
  throw new AshlarError('source_invalid', `${origin.description}: ${problem}; ${offer}`, {
    data: { tags },
    hint: 'Name one image of the archive behind a colon.',
  });
}

function names(tag: string, wanted: string): boolean {
  try {
    return formatReference(parseReference(tag)) === wanted;
  } catch (error) {
    if (error instanceof AshlarError && error.code === 'reference_invalid') return false;
    throw error;
  }
}

async function readConfig(
  files: SourceFiles,
  saved: SavedImage,
  { origin, signal }: { origin: Origin; signal: AbortSignal | undefined },
): Promise<OciImageConfig> {
  const file = await findMember(files, saved.config, origin);
  const bytes = await readSmallFile(file, maxConfigBytes, signal);
  if (bytes === null) throw invalidImage(origin, 'the image configuration is larger than 4 MiB');
  const named = digestInName(saved.config);
  const found = ociDigestOf(bytes);
  if (named !== null && named !== found) {
    const problem = `the image configuration ${saved.config} has the digest ${found}`;
    throw corruptFailure(origin, problem, { data: { digest: named } });
  }
  const config = parseImageConfig(bytes, origin);
  const diffIds = config.rootfs.diff_ids.length;
  if (diffIds !== saved.layers.length) {
    const problem = `manifest.json has ${saved.layers.length} layers, the configuration ${diffIds} diff_ids`;
    throw invalidImage(origin, problem);
  }
  return config;
}

async function layersOf(
  files: SourceFiles,
  saved: SavedImage,
  { config, origin }: { config: OciImageConfig; origin: Origin },
): Promise<readonly ImageLayer[]> {
  const layers: ImageLayer[] = [];
  for (const [index, name] of saved.layers.entries()) {
    const file = await findMember(files, name, origin);
    const layer = createImageLayer({
      name: `layer ${index + 1} of ${saved.layers.length}`,
      origin,
      digest: name.startsWith('blobs/') ? digestInName(name) : null,
      diffId: config.rootfs.diff_ids[index] ?? null,
      sizeBytes: file.sizeBytes,
      compression: 'detect',
      openKept: (signal) => file.read(signal),
    });
    layers.push(layer);
  }
  return layers;
}

async function findMember(files: SourceFiles, name: string, origin: Origin): Promise<SourceFile> {
  const file = await files.find(name);
  if (file !== null) return file;
  const shown = JSON.stringify(name.slice(0, 200));
  throw corruptFailure(origin, `the archive has no file ${shown}, which manifest.json names`);
}

/** `<64 hex digits>.json` and `blobs/sha256/<64 hex digits>` name their content. */
function digestInName(name: string): OciDigest | null {
  const hex = /^(?:blobs\/sha256\/)?([0-9a-f]{64})(?:\.json)?$/.exec(name)?.[1];
  const digest = `sha256:${hex ?? ''}`;
  return isOciDigest(digest) ? digest : null;
}
