import { arch } from 'node:os';
import {
  AshlarError,
  createContentIntake,
  createFileSpool,
  createFileTree,
  createTarReader,
  defaultTarLimits,
  type DirectoryInode,
  type FileTree,
  type ImageConfig,
  type ImageSource,
  type ImageStore,
  type Ledger,
  writeImage,
  type WrittenImage,
} from '../../src/index.ts';
import { applyLayer } from './apply-layer.ts';

export interface ImportImageOptions {
  readonly imageStore: ImageStore;
  readonly source: ImageSource;
  readonly diskBytes: number;
  /** For temporary files. */
  readonly tempDir: string;
  readonly ledger: Ledger;
  readonly signal?: AbortSignal;
}

const emptyRoot: DirectoryInode = {
  type: 'directory',
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtime: { sec: 0, nsec: 0 },
  xattrs: [],
};

/** A layer may unpack to several times the disk (later layers replace files), but not without end. */
const maxLayerFactor = 4;
const minLayerBytes = 4 * 1024 ** 3;

/**
 * Makes an image of a container image or root file system from outside: layers are applied in order to one tree, which is
 * then laid out. Memory does not grow with the size of the layers, only with the number of files. Fails with the codes of
 * the source, `layer_invalid`, `layer_hostile`, `image_too_large`; nothing is published then.
 */
export async function importImage(options: ImportImageOptions): Promise<WrittenImage> {
  const { imageStore, source, ledger } = options;
  using spool = createFileSpool(options.tempDir);
  const writer = imageStore.createWriter();
  const intake = createContentIntake(writer, spool);
  const tree = createFileTree(emptyRoot);
  const dialect = source.config === null ? 'plain' : 'oci';
  for (const [index, layer] of source.layers.entries()) {
    const label = `layer ${index + 1} of ${source.description}`;
    await ledger.span('unpack', layer.digest ?? label, async () => {
      await using reader = createTarReader(layer.open(options.signal), {
        limits: defaultTarLimits,
        label,
      });
      const maxContentBytes = Math.max(minLayerBytes, options.diskBytes * maxLayerFactor);
      await applyLayer({ tree, reader, dialect, intake, label, maxContentBytes });
    });
  }
  checkNotEmpty(tree, source);
  const provenance = {
    kind: 'import',
    source: source.description,
    manifestDigest: source.manifestDigest,
    layers: source.layers.map((layer) => layer.digest),
  };
  const config = configOf(source);
  // Awaited here: the spool is needed until the image is written.
  return await ledger.span('layout', source.description, () =>
    writeImage(imageStore, { tree, config, diskBytes: options.diskBytes, provenance, writer }),
  );
}

/** The architecture of this machine in the words of OCI. */
export function hostArchitecture(): string {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
  return names[arch()] ?? arch();
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
