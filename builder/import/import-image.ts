import { arch } from 'node:os';
import {
  AshlarError,
  type ChunkWriter,
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
import { impliedDirectory } from './implied-directory.ts';
import {
  createLayerBudget,
  defaultMaxDevices,
  defaultMaxEntries,
  type LayerLimits,
} from './layer-budget.ts';

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
 * `layer_invalid`, `layer_hostile`, `image_too_large`, and with the reason of the signal; nothing is published then, and
 * nothing is left in `tempDir`.
 */
export async function importImage(options: ImportImageOptions): Promise<WrittenImage> {
  const { imageStore, source, ledger, diskBytes, signal } = options;
  using spool = createFileSpool(options.tempDir);
  const writer = stoppable(imageStore.createWriter(), signal);
  const tree = createFileTree(impliedDirectory);
  const { layers, description } = source;
  const limits = limitsOf(options);
  const context = {
    tree,
    dialect: source.config === null ? ('plain' as const) : ('oci' as const),
    intake: createContentIntake(writer, spool),
    budget: createLayerBudget(limits),
    maxContentBytes: limits.maxContentBytes,
  };
  const tarLimits = {
    ...defaultTarLimits,
    maxTotalBytes: limits.maxContentBytes + limits.maxEntries * overheadBytes,
  };
  for (const [index, layer] of layers.entries()) {
    const label = `layer ${index + 1} of ${description}`;
    await ledger.span('unpack', layer.digest ?? label, async () => {
      await using reader = createTarReader(layer.open(signal), { limits: tarLimits, label });
      await applyLayer({ ...context, reader, label });
    });
  }
  checkNotEmpty(tree, source);
  const provenance = {
    kind: 'import',
    source: description,
    manifestDigest: source.manifestDigest,
    layers: layers.map((layer) => layer.digest),
  };
  const config = configOf(source);
  // Awaited here: the spool is needed until the image is written.
  return await ledger.span('layout', description, () =>
    writeImage(imageStore, { tree, config, diskBytes, provenance, writer }),
  );
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

/** The layout has no signal of its own, but cannot go on without its writer. */
function stoppable(writer: ChunkWriter, signal: AbortSignal | undefined): ChunkWriter {
  if (signal === undefined) return writer;
  return {
    ...writer,
    async add(digest, plain) {
      signal.throwIfAborted();
      await writer.add(digest, plain);
    },
    async flush() {
      signal.throwIfAborted();
      await writer.flush();
    },
  };
}

function configOf(source: ImageSource): ImageConfig {
  if (source.config === null) return { architecture: hostArchitecture(), os: 'linux', config: {} };
  const { architecture, os, variant, config } = source.config;
  return { architecture, os, ...(variant === undefined ? {} : { variant }), config };
}

function checkNotEmpty(tree: FileTree, source: ImageSource): void {
  if (source.config === null && (tree.root.children?.size ?? 0) === 0) {
    throw new AshlarError('source_invalid', `${source.description} holds no files`, {
      data: { source: source.description },
    });
  }
}
