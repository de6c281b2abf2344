/** The door of the core: what rooms may use. */
export { type ByteReader, createByteReader } from './bytes/byte-reader.ts';
export { type ByteWriter, createByteWriter } from './bytes/byte-writer.ts';
export { type BytePath, fromBytes, fromUtf8, toBytes, toDisplay } from './bytes/byte-path.ts';
export {
  type Digest,
  digestFromBytes,
  digestHex,
  digestOf,
  isDigest,
  parseDigest,
} from './digest/digest.ts';
export { createDigestHasher, type DigestHasher } from './digest/digest-hasher.ts';
export {
  type CacheDatabaseKind,
  changeDatabase,
  openCacheDatabase,
  sqliteCode,
} from './disk/cache-database.ts';
export { createOwnedTempDir } from './disk/owned-temp-dir.ts';
export { createTempDir, type TempDir } from './disk/temp-dir.ts';
export { writeFileAtomic } from './disk/write-file-atomic.ts';
export {
  AshlarError,
  type ErrorData,
  systemErrorCode,
  toAshlarError,
} from './errors/ashlar-error.ts';
export { hasCode } from './errors/has-code.ts';
export { catalogue, type ErrorClass, type ErrorCode } from './errors/catalogue.ts';
export type { ChunkWriter } from './chunks/chunk-writer.ts';
export { deriveImage, digestWithConfig } from './image/derive-image.ts';
export { exportDisk } from './image/disk/export-disk.ts';
export { canonicalJson, type Json } from './image/canonical-json.ts';
export type { ImageConfig, ImageRoot } from './image/image-root.ts';
export { layoutVersion } from './layout/layout-parameters.ts';
export { createImageStore, type ImageStore } from './image/image-store.ts';
export { loadTree, type LoadedTree } from './image/load-tree.ts';
export { openImage, type OpenImage } from './image/open-image.ts';
export { createFileReader } from './image/read-file.ts';
export { createStepResults, type StepResults } from './image/references/step-results.ts';
export {
  findTag,
  normalizeTagName,
  resolveImage,
  setTag,
  type Tag,
} from './image/references/tags.ts';
export { changeImage, type ChangingFiles } from './image/patch/change-image.ts';
export { type ImagePatch, patchImage } from './image/patch/patch-image.ts';
export { updateDisk } from './image/disk/update-disk.ts';
export { writeImage, type WrittenImage } from './image/write-image.ts';
export {
  type ContentIntake,
  type ContentSegment,
  createContentIntake,
} from './intake/content-intake.ts';
export { createFileSpool, type FileSpool } from './intake/file-spool.ts';
export { createLedger, type Ledger, type LedgerKind, type LedgerSummary } from './ledger/ledger.ts';
export type { ImageLayer, ImageSource } from './oci/image-source.ts';
export { openImageSource, type ImageSourceOptions } from './oci/open-image-source.ts';
export type { RegistryClient } from './oci/registry/registry-client.ts';
export { formatReference, type ImageReference, parseReference } from './oci/reference.ts';
export { decompress } from './oci/layers/decompress.ts';
export { type CommandResult, runChecked, runCommand } from './process/run-command.ts';
export { createTailBuffer, type TailBuffer } from './process/tail-buffer.ts';
export type { ObjectInfo, ObjectStore } from './store/object-store.ts';
export { openObjectStore, type OpenStoreOptions } from './store/open-object-store.ts';
export { createMemoryObjectStore } from './store/memory-object-store.ts';
export { type MeteredObjectStore, meterObjectStore } from './store/meter-object-store.ts';
export { imageKey, type ImagePart, packKey, tagKey } from './store/store-paths.ts';
export { cached, once, shared } from './flow/remember.ts';
export { abortable, orAborted } from './flow/or-aborted.ts';
export { createLimiter, type Limiter } from './flow/limiter.ts';
export { looksLikeTar } from './tar/looks-like-tar.ts';
export type { TarEntry } from './tar/tar-entry.ts';
export { defaultTarLimits, type TarLimits } from './tar/tar-limits.ts';
export { createTarReader, type TarReader } from './tar/tar-reader.ts';
export {
  createFileTree,
  type FileTree,
  isFileName,
  joinPath,
  nameOf,
  parentOf,
  type TreeNode,
} from './tree/file-tree.ts';
export { type EditableTree, followInEditable } from './tree/editable-tree.ts';
export { followInTree, followLinksSlowly } from './tree/follow-links.ts';
export {
  chunkBytes,
  type Content,
  type DirectoryInode,
  type FileInode,
  type Inode,
  maxSmallBytes,
  sameContent,
  sameMetadata,
  type SmallContent,
  type Timestamp,
  type Xattr,
} from './tree/inode.ts';
export { listDirectory } from './tree/list-directory.ts';
export { type OrderedEntry, orderTree, type TreeEntry } from './tree/tree-order.ts';
export { createTreeReader, type TreeReader } from './tree/tree-reader.ts';
