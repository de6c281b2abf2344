import {
  blobOf,
  type Descriptor,
  descriptorOf,
  type MadeBlob,
  type MadeContent,
  type MadeManifest,
  manifestOf,
} from './made-content.ts';
import { type ImageRecipe, makeImage } from './made-image.ts';
import { ociConfig, ociEmpty, ociIndex, ociLayer, ociManifest } from './media-types.ts';

/** Contents that a registry has to keep as they are: the data of the distribution specification's conformance cases. */
export const dataSetNames = [
  'image',
  'image-uncompressed',
  'large-manifest',
  'index',
  'nested-index',
  'empty-index',
  'artifact',
  'artifact-index',
  'artifact-without-layers',
  'artifacts-with-subject',
  'index-with-subject',
  'missing-subject',
  'data-field',
  'non-distributable-layers',
  'custom-fields',
  'no-layers',
  'sha512',
  'sparse-index',
  'odd-blobs',
] as const;
export type DataSetName = (typeof dataSetNames)[number];

const tiny: ImageRecipe = { layers: 2, layerBytes: 2_000 };
const artifactType = 'application/vnd.example.sbom';
const empty = blobOf('{}');
const emptyConfig = descriptorOf(empty, ociEmpty);

/** The last manifest of each is the one that the tag of its name stands for. */
export async function makeDataSet(name: DataSetName): Promise<MadeContent> {
  switch (name) {
    case 'image':
      return makeImage(tiny);
    case 'image-uncompressed':
      return makeImage({ ...tiny, compression: 'none' });
    case 'sha512':
      return makeImage({ ...tiny, algorithm: 'sha512' });
    case 'index':
      return makeImage({ ...tiny, platforms: ['linux/amd64', 'linux/arm64'] });
    case 'nested-index':
      return nestedIndex();
    case 'sparse-index':
      return sparseIndex();
    case 'index-with-subject':
    case 'artifacts-with-subject':
      return withSubject(name);
    default:
      return single(name);
  }
}

type Single = Exclude<
  DataSetName,
  | 'image'
  | 'image-uncompressed'
  | 'sha512'
  | 'index'
  | 'nested-index'
  | 'sparse-index'
  | 'index-with-subject'
  | 'artifacts-with-subject'
>;

/** One document and the blobs that it names. */
function single(name: Single): MadeContent {
  const text = blobOf(`content of ${name}\n`);
  const layer = descriptorOf(text, 'text/plain');
  const of = (document: MadeManifest, ...blobs: readonly MadeBlob[]): MadeContent => ({
    manifests: [document],
    blobs,
  });
  switch (name) {
    case 'large-manifest':
      return of(image([layer], { annotations: largeAnnotations() }), empty, text);
    case 'empty-index':
      return of(index([]));
    case 'artifact':
      return of(image([layer], { artifactType }), empty, text);
    case 'artifact-index':
      return of(index([], { artifactType }));
    case 'artifact-without-layers':
      return of(image([emptyConfig], { artifactType }), empty);
    case 'missing-subject':
      return of(image([layer], { artifactType, subject: absent('subject') }), empty, text);
    case 'data-field': {
      const data = Buffer.from(`content of ${name}\n`).toString('base64');
      return of(image([{ ...layer, data }]), empty, text);
    }
    case 'non-distributable-layers': {
      const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
      const foreign = { ...absent('layer'), mediaType, urls: ['https://layers.example.com/1'] };
      return of(image([foreign, layer]), empty, text);
    }
    case 'custom-fields':
      return of(
        image([{ ...layer, 'org.example.extra': [1, { a: null }] } as Descriptor], {
          'org.example.field': { nested: ['a', 2.5, 'ü'] },
        }),
        empty,
        text,
      );
    case 'no-layers': {
      const config = blobOf('{"architecture":"amd64","os":"linux"}');
      return of(image([], { config: descriptorOf(config, ociConfig) }), config);
    }
    case 'odd-blobs': {
      const nothing = blobOf('');
      const layers = [descriptorOf(nothing, ociLayer), descriptorOf(empty, ociLayer), layer];
      return of(image(layers), empty, nothing, text);
    }
  }
}

async function nestedIndex(): Promise<MadeContent> {
  const inner = await makeDataSet('index');
  const root = inner.manifests.at(-1);
  const manifest = index(root === undefined ? [] : [descriptorOf(root)]);
  return { blobs: inner.blobs, manifests: [...inner.manifests, manifest] };
}

/** Names a platform whose manifest the registry does not have. */
async function sparseIndex(): Promise<MadeContent> {
  const inner = await makeImage(tiny);
  const present = inner.manifests.map((manifest) => ({
    ...descriptorOf(manifest),
    platform: { os: 'linux', architecture: 'amd64' },
  }));
  const platform = { os: 'linux', architecture: 's390x' };
  const missing = { ...absent('platform'), mediaType: ociManifest, platform };
  return { blobs: inner.blobs, manifests: [...inner.manifests, index([...present, missing])] };
}

/** Two artifacts of different types, or an index, which speak of an image. */
async function withSubject(
  name: 'index-with-subject' | 'artifacts-with-subject',
): Promise<MadeContent> {
  const inner = await makeImage({ ...tiny, seed: name === 'index-with-subject' ? 2 : 3 });
  const [of] = inner.manifests;
  if (of === undefined) throw new TypeError('an image without a manifest');
  const subject = descriptorOf(of);
  const text = blobOf(`content of ${name}\n`);
  const layer = descriptorOf(text, 'text/plain');
  const speakers =
    name === 'index-with-subject'
      ? [index([subject], { artifactType, subject })]
      : [
          image([layer], {
            subject,
            config: { ...emptyConfig, mediaType: 'application/x.config' },
          }),
          image([layer], { artifactType, subject, annotations: { 'org.example.by': 'a test' } }),
        ];
  return {
    blobs: [...inner.blobs, empty, text],
    manifests: [...inner.manifests, ...speakers],
  };
}

function image(layers: readonly Descriptor[], more: object = {}): MadeManifest {
  const document = { schemaVersion: 2, mediaType: ociManifest, config: emptyConfig, layers };
  return manifestOf({ ...document, ...more });
}

function index(manifests: readonly Descriptor[], more: object = {}): MadeManifest {
  return manifestOf({ schemaVersion: 2, mediaType: ociIndex, manifests, ...more });
}

/** Of content that is nowhere. */
function absent(what: string): Descriptor {
  return descriptorOf(blobOf(`this ${what} is nowhere`), ociManifest);
}

/** 390 of 10 kB, as the conformance suite has them: below the 4 MiB that clients accept. */
function largeAnnotations(): Record<string, string> {
  const entries = Array.from({ length: 390 }, (_, at) => [`org.example.${at}`, 'x'.repeat(10_000)]);
  return Object.fromEntries(entries) as Record<string, string>;
}
