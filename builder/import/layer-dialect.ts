import { type BytePath, nameOf, parentOf, joinPath, type TarEntry } from '../../src/index.ts';

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
  | { readonly kind: 'remove'; readonly path: BytePath }
  | { readonly kind: 'make-opaque'; readonly path: BytePath }
  | { readonly kind: 'ignore' };

const whiteoutPrefix = '.wh.';
const aufsPrefix = '.wh..wh.';
const opaqueName = '.wh..wh..opq';

/** Reads an entry of a layer as a change to the tree below it. */
export function readLayerChange(entry: TarEntry, dialect: LayerDialect): LayerChange {
  if (dialect === 'oci') return readOciChange(entry);
  if (dialect === 'overlay') return readOverlayChange(entry);
  return { kind: 'put', entry };
}

function readOciChange(entry: TarEntry): LayerChange {
  const name = nameOf(entry.path);
  if (!name.startsWith(whiteoutPrefix)) return { kind: 'put', entry };
  if (name === opaqueName) return { kind: 'make-opaque', path: parentOf(entry.path) };
  // Other names with this prefix are aufs' own records, which mean nothing to others.
  if (name.startsWith(aufsPrefix)) return { kind: 'ignore' };
  const hidden = name.slice(whiteoutPrefix.length);
  if (hidden === '' || hidden === '.' || hidden === '..') return { kind: 'ignore' };
  return { kind: 'remove', path: joinPath(parentOf(entry.path), hidden) };
}

function readOverlayChange(entry: TarEntry): LayerChange {
  if (entry.type === 'char' && entry.deviceMajor === 0 && entry.deviceMinor === 0) {
    return { kind: 'remove', path: entry.path };
  }
  const isOpaque = entry.xattrs.some(
    (xattr) => xattr.name === 'trusted.overlay.opaque' && xattr.value.toString('latin1') === 'y',
  );
  const xattrs = entry.xattrs.filter((xattr) => !xattr.name.startsWith('trusted.overlay.'));
  return { kind: isOpaque ? 'put-opaque' : 'put', entry: { ...entry, xattrs } };
}
