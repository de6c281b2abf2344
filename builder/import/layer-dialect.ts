import { type BytePath, joinPath, nameOf, parentOf, type TarEntry } from '../../src/index.ts';

/**
 * How a layer says that something of the layers below is gone.
 *
 * - `plain`: it cannot; the archive is a whole root file system.
 * - `oci`: by names, `.wh.NAME` and `.wh..wh..opq` (OCI image specification, layer.md, "Whiteouts").
 * - `overlay`: by character devices 0:0 and the xattr trusted.overlay.opaque, as in the upper directory of Linux's
 *   overlayfs (Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories").
 */
export type LayerDialect = 'plain' | 'oci' | 'overlay';

export type LayerChange =
  | { readonly kind: 'put'; readonly entry: TarEntry }
  | { readonly kind: 'put-opaque'; readonly entry: TarEntry }
  /** For hard links of the same layer to point to, and no part of the tree. */
  | { readonly kind: 'put-aside'; readonly entry: TarEntry }
  | { readonly kind: 'remove'; readonly path: BytePath }
  | { readonly kind: 'make-opaque'; readonly path: BytePath }
  | { readonly kind: 'ignore' }
  /** Readers of layers understand it in different ways, some of them harmful. */
  | { readonly kind: 'refuse'; readonly problem: string };

const whiteoutPrefix = '.wh.';
const aufsPrefix = '.wh..wh.';
const opaqueName = '.wh..wh..opq';
/** Where aufs keeps files with several names; layers made on it, until about 2016, have hard links into it. */
const aufsLinks = '.wh..wh.plnk';

/** Reads an entry of a layer as a change to the tree below it. */
export function readLayerChange(entry: TarEntry, dialect: LayerDialect): LayerChange {
  if (dialect === 'oci') return readOciChange(entry);
  if (dialect === 'overlay') return readOverlayChange(entry);
  return { kind: 'put', entry };
}

function readOciChange(entry: TarEntry): LayerChange {
  const name = nameOf(entry.path);
  if (entry.path.startsWith(aufsPrefix) && entry.path !== opaqueName) return readAufsRecord(entry);
  if (!name.startsWith(whiteoutPrefix)) return { kind: 'put', entry: withoutOverlayXattrs(entry) };
  if (name === opaqueName) return { kind: 'make-opaque', path: parentOf(entry.path) };
  // Other names with this prefix are aufs' own records, which mean nothing to others.
  if (name.startsWith(aufsPrefix)) return { kind: 'ignore' };
  const hidden = name.slice(whiteoutPrefix.length);
  if (hidden === '' || hidden === '.' || hidden === '..')
    return { kind: 'refuse', problem: 'is a whiteout that names no file' };
  return { kind: 'remove', path: joinPath(parentOf(entry.path), hidden) };
}

function readAufsRecord(entry: TarEntry): LayerChange {
  const isLinkTarget = entry.type === 'file' && parentOf(entry.path) === aufsLinks;
  return isLinkTarget ? { kind: 'put-aside', entry } : { kind: 'ignore' };
}

function readOverlayChange(entry: TarEntry): LayerChange {
  if (entry.type === 'char' && entry.deviceMajor === 0 && entry.deviceMinor === 0) {
    return { kind: 'remove', path: entry.path };
  }
  const isOpaque = entry.xattrs.some(
    (xattr) => xattr.name === 'trusted.overlay.opaque' && xattr.value.toString('latin1') === 'y',
  );
  return { kind: isOpaque ? 'put-opaque' : 'put', entry: withoutOverlayXattrs(entry) };
}

/** Overlayfs' own records: in an image they would hide files from the container that is started above it. */
function withoutOverlayXattrs(entry: TarEntry): TarEntry {
  if (!entry.xattrs.some(isOverlays)) return entry;
  return { ...entry, xattrs: entry.xattrs.filter((xattr) => !isOverlays(xattr)) };
}

function isOverlays({ name }: TarEntry['xattrs'][number]): boolean {
  return name.startsWith('trusted.overlay.');
}
