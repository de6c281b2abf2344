import { type Bytes, bytesOf } from './bytes.ts';
import { type DataSetName, dataSetNames, makeDataSet } from './data-sets.ts';
import { type Algorithm, digestOf } from './digest.ts';
import {
  type Descriptor,
  descriptorOf,
  type MadeContent,
  type MadeManifest,
} from './made-content.ts';
import { type ImageRecipe, makeImage } from './made-image.ts';
import { parseManifest } from './parse-manifest.ts';

/** What a test puts into a repository, besides what is there. As JSON it reaches a registry in another process. */
export interface RepositoryContent {
  readonly repository: string;
  readonly images?: readonly (ImageRecipe & { readonly tags?: readonly string[] })[];
  /** Each under a tag of its name. */
  readonly dataSets?: readonly DataSetName[] | 'all';
  /** Documents as they are, true or not. */
  readonly manifests?: readonly PlainManifest[];
  readonly blobs?: readonly PlainBlob[];
}

export interface PlainManifest {
  readonly text: string;
  readonly mediaType: string;
  readonly tags?: readonly string[];
  readonly algorithm?: Algorithm;
}

export interface PlainBlob {
  readonly base64: string;
  readonly algorithm?: Algorithm;
}

/** What a tag or digest stands for, all the way down: each once. */
export interface ImageFacts {
  readonly digest: string;
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  /** Only those that the registry has. */
  readonly blobs: readonly Descriptor[];
  /** Of blobs and manifests. */
  readonly totalBytes: number;
}

interface Repository {
  readonly manifests: Map<string, MadeManifest>;
  readonly blobs: Map<string, Bytes>;
  readonly tags: Map<string, string>;
}

/** What is taken away: a tag alone, a manifest with its tags, a blob, or all of a repository. */
export interface Removal {
  readonly repository: string;
  readonly tag?: string;
  readonly manifest?: string;
  readonly blob?: string;
}

export interface Retag {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

export interface RegistryContent {
  put(content: RepositoryContent): Promise<void>;
  retag(change: Retag): void;
  remove(removal: Removal): void;
  has(repository: string): boolean;
  manifest(repository: string, reference: string): MadeManifest | null;
  blob(repository: string, digest: string): Bytes | null;
  /** Sorted as ASCII. */
  tags(repository: string): readonly string[];
  /** Descriptors of manifests whose subject this is (distribution specification, "Listing Referrers"). */
  referrers(repository: string, digest: string): readonly Descriptor[];
  /** Digests that manifests name as their subject. */
  subjects(repository: string): readonly string[];
  facts(repository: string, reference: string): ImageFacts;
}

export function createRegistryContent(): RegistryContent {
  const repositories = new Map<string, Repository>();
  const of = (name: string): Repository => {
    const repository = repositories.get(name) ?? {
      manifests: new Map(),
      blobs: new Map(),
      tags: new Map(),
    };
    repositories.set(name, repository);
    return repository;
  };
  const content: RegistryContent = {
    put: (added) => putInto(of(added.repository), added),
    retag: ({ repository, tag, digest }) => void of(repository).tags.set(tag, digest),
    remove: (removal) => removeFrom(repositories, removal),
    has: (name) => repositories.has(name),
    manifest(name, reference) {
      const repository = repositories.get(name);
      const digest = repository?.tags.get(reference) ?? reference;
      return repository?.manifests.get(digest) ?? null;
    },
    blob: (name, digest) => repositories.get(name)?.blobs.get(digest) ?? null,
    tags: (name) => [...(repositories.get(name)?.tags.keys() ?? [])].sort(),
    referrers(name, digest) {
      const manifests = [...(repositories.get(name)?.manifests.values() ?? [])];
      return manifests.flatMap((manifest) => {
        const { subject, artifactType, config, annotations } = parseManifest(manifest.bytes);
        if (subject?.digest !== digest) return [];
        const type = artifactType ?? config?.mediaType;
        return {
          ...descriptorOf(manifest),
          ...(type === undefined ? {} : { artifactType: type }),
          ...(annotations === undefined ? {} : { annotations }),
        };
      });
    },
    subjects(name) {
      const manifests = [...(repositories.get(name)?.manifests.values() ?? [])];
      return manifests.flatMap(({ bytes }) => parseManifest(bytes).subject?.digest ?? []);
    },
    facts: (name, reference) => factsOf(content, name, reference),
  };
  return content;
}

async function putInto(repository: Repository, added: RepositoryContent): Promise<void> {
  const { images = [], dataSets = [], manifests = [], blobs = [] } = added;
  const keep = (made: MadeContent, tags: readonly string[]): void => {
    for (const blob of made.blobs) repository.blobs.set(blob.digest, blob.bytes);
    for (const manifest of made.manifests) repository.manifests.set(manifest.digest, manifest);
    const root = made.manifests.at(-1);
    if (root !== undefined) for (const tag of tags) repository.tags.set(tag, root.digest);
  };
  for (const { tags = ['latest'], ...recipe } of images) keep(await makeImage(recipe), tags);
  for (const name of dataSets === 'all' ? dataSetNames : dataSets) {
    keep(await makeDataSet(name), [name]);
  }
  for (const { text, mediaType, tags = [], algorithm } of manifests) {
    const bytes = Buffer.from(text);
    const digest = digestOf(bytes, algorithm);
    keep({ manifests: [{ digest, mediaType, bytes }], blobs: [] }, tags);
  }
  for (const { base64, algorithm } of blobs) {
    const bytes = Buffer.from(base64, 'base64');
    repository.blobs.set(digestOf(bytes, algorithm), bytesOf(bytes));
  }
}

function removeFrom(repositories: Map<string, Repository>, removal: Removal): void {
  const { tag, manifest, blob } = removal;
  const repository = repositories.get(removal.repository);
  if (tag === undefined && manifest === undefined && blob === undefined) {
    repositories.delete(removal.repository);
  }
  if (tag !== undefined) repository?.tags.delete(tag);
  if (blob !== undefined) repository?.blobs.delete(blob);
  if (manifest === undefined) return;
  repository?.manifests.delete(manifest);
  for (const [name, digest] of repository?.tags ?? []) {
    if (digest === manifest) repository?.tags.delete(name);
  }
}

function factsOf(content: RegistryContent, repository: string, reference: string): ImageFacts {
  const root = content.manifest(repository, reference);
  if (root === null) throw new TypeError(`no ${reference} in ${repository}`);
  const manifests = new Map([[root.digest, descriptorOf(root)]]);
  const blobs = new Map<string, Descriptor>();
  const waiting = [root];
  for (const manifest of waiting) {
    const { manifests: children = [], config, layers = [] } = parseManifest(manifest.bytes);
    for (const { digest } of children) {
      const child = content.manifest(repository, digest);
      if (child === null || manifests.has(digest)) continue;
      manifests.set(digest, descriptorOf(child));
      waiting.push(child);
    }
    for (const blob of [...(config === undefined ? [] : [config]), ...layers]) {
      if (content.blob(repository, blob.digest) !== null) blobs.set(blob.digest, blob);
    }
  }
  const all = [...manifests.values(), ...blobs.values()];
  return {
    digest: root.digest,
    mediaType: root.mediaType,
    manifests: [...manifests.values()],
    blobs: [...blobs.values()],
    totalBytes: all.reduce((sum, { size }) => sum + size, 0),
  };
}
