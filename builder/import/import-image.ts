import { arch } from 'node:os';
import {
  AshlarError,
  catalogue,
  type ChunkWriter,
  type ContentIntake,
  createContentIntake,
  createFileSpool,
  createFileTree,
  createTarReader,
  defaultTarLimits,
  type FileTree,
  type ImageConfig,
  type ImageSource,
  type ImageStore,
  type Ledger,
  writeImage,
  type WrittenImage,
} from '../../src/index.ts';
import { applyLayer } from './apply-layer.ts';
import { checkRootTree } from './check-root-tree.ts';
import { impliedDirectory } from './implied-directory.ts';
import {
  createLayerBudget,
  defaultMaxDevices,
  defaultMaxEntries,
  type LayerLimits,
} from './layer-budget.ts';
import { endingWithWriter, watchedWriter } from './watched-writer.ts';

export interface ImportImageOptions {
  readonly imageStore: ImageStore;
  readonly source: ImageSource;
  readonly diskBytes: number;
  /** For temporary files. */
  readonly tempDir: string;
  readonly ledger: Ledger;
  readonly signal?: AbortSignal;
  /** What all layers together may take; by default enough for any image that is in use. */
  readonly limits?: Partial<LayerLimits>;
}

/** Layers may unpack to several times the disk (later ones replace files), but not without end. */
const maxContentFactor = 4;
const minContentBytes = 4 * 1024 ** 3;

/** What an archive has for an entry beyond its content, on average: headers of both kinds and padding. */
const overheadBytes = 2048;

/**
 * Makes an image of a container image or root file system from outside: layers are applied in order to one tree, which is
 * then laid out. The digest depends on the resulting tree, the run configuration and the disk size, not on how layers
 * bring the tree about. Memory grows with the number of files, not with their size. Fails with the codes of the source,
 * `layer_invalid`, `layer_hostile`, `source_too_large`, and with the reason of the signal; nothing is published then,
 * nothing is under way any more, and nothing is left in `tempDir`.
 */
export async function importImage(options: ImportImageOptions): Promise<WrittenImage> {
  const { imageStore, ledger, signal } = options;
  using spool = createFileSpool(options.tempDir);
  const chunks = await ledger.span('cache', 'index', async () => imageStore.createWriter());
  const writer = watchedWriter(chunks, { ledger, signal });
  // Awaited here: the spool is needed until the image is written.
  return await endingWithWriter(chunks, async () => {
    const tree = await applyLayers(options, createContentIntake(writer, spool));
    return layOut(options, tree, writer);
  });
}

async function applyLayers(options: ImportImageOptions, intake: ContentIntake): Promise<FileTree> {
  const { source, ledger, signal } = options;
  const tree = createFileTree(impliedDirectory);
  const limits = limitsOf(options);
  const context = {
    tree,
    dialect: source.config === null ? ('plain' as const) : ('oci' as const),
    intake,
    budget: createLayerBudget(limits),
    maxContentBytes: limits.maxContentBytes,
  };
  const tarLimits = {
    ...defaultTarLimits,
    maxTotalBytes: limits.maxContentBytes + limits.maxEntries * overheadBytes,
  };
  for (const [index, layer] of source.layers.entries()) {
    const label = `layer ${index + 1} of ${source.description}`;
    await ledger.span('unpack', layer.digest ?? label, async () => {
      await using reader = createTarReader(layer.open(signal), { limits: tarLimits, label });
      await applyLayer({ ...context, reader, label });
    });
  }
  checkRootTree(tree, source);
  return tree;
}

async function layOut(
  { imageStore, source, ledger, diskBytes }: ImportImageOptions,
  tree: FileTree,
  writer: ChunkWriter,
): Promise<WrittenImage> {
  const provenance = {
    kind: 'import',
    source: source.description,
    manifestDigest: source.manifestDigest,
    layers: source.layers.map((layer) => layer.digest),
  };
  const config = configOf(source);
  try {
    return await ledger.span('layout', source.description, () =>
      writeImage(imageStore, { tree, config, diskBytes, provenance, writer }),
    );
  } catch (error) {
    throw tooLargeSource(error, source);
  }
}

/** Who imports has no Dockerfile to mend: the source, or the disk, is not what it should be. */
function tooLargeSource(error: unknown, source: ImageSource): unknown {
  if (!(error instanceof AshlarError) || error.code !== 'image_too_large') return error;
  const { message, data, hint } = error;
  return new AshlarError('source_too_large', `${source.description}: ${message}`, {
    data: { ...data, source: source.description },
    cause: error,
    ...(hint === catalogue.image_too_large.hint ? {} : { hint }),
  });
}

/** The architecture of this machine in the words of OCI. */
export function hostArchitecture(): string {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
  return names[arch()] ?? arch();
}

function limitsOf({ limits = {}, diskBytes }: ImportImageOptions): LayerLimits {
  return {
    maxContentBytes: Math.max(minContentBytes, diskBytes * maxContentFactor),
    maxEntries: defaultMaxEntries,
    maxDevices: defaultMaxDevices,
    ...limits,
  };
}

function configOf(source: ImageSource): ImageConfig {
  if (source.config === null) return { architecture: hostArchitecture(), os: 'linux', config: {} };
  const { architecture, os, variant, config } = source.config;
  return { architecture, os, ...(variant === undefined ? {} : { variant }), config };
}
