import type { BytePath } from '../bytes/byte-path.ts';
import { aclXattrNames, aclXattrValue, type AclKind } from './acl-text.ts';
import { checkSymlinkTarget, normalisedPath, type PathChecks } from './entry-path.ts';
import { entryTypeOf, isSparseFlag } from './entry-type.ts';
import { readGnuSparseTable, tableInHeader } from './gnu-sparse.ts';
import {
  type HeaderFormat,
  headerFormat,
  headerLinkName,
  headerName,
  numberFields,
} from './header-block.ts';
import { headerNumber, headerNumberUpTo } from './header-number.ts';
import { planPaxSparse, type PaxSparsePlan } from './pax-sparse.ts';
import type { PaxValues } from './pax-values.ts';
import { sortedXattrs } from './pax-xattr.ts';
import type { DataRun } from './sparse-map.ts';
import { maxDeviceNumber, maxId, type TarEntry, type TarXattr } from './tar-entry.ts';
import { hostileTar, invalidTar, type TarPlace } from './tar-place.ts';

/** What came before an entry's own header and belongs to it. */
export interface EntryPreface {
  readonly pax: PaxValues | undefined;
  /** Of GNU's `L` and `K` headers. */
  readonly longName: BytePath | undefined;
  readonly longLink: BytePath | undefined;
}

export interface EntryHeader {
  readonly entry: TarEntry;
  /** Bytes that the archive has for the content, a sparse map before the data included. */
  readonly archivedBytes: number;
  readonly sparse: SparseHeader | undefined;
}

export interface SparseHeader {
  /** Logical size of the file. */
  readonly sizeBytes: number;
  /** The reader adds to them what the map has elsewhere. */
  readonly runs: DataRun[];
  /** Where more of the map stands: in GNU extension blocks, or before the data as text. */
  readonly mapFollows: 'gnu-blocks' | 'text' | undefined;
}

/**
 * Reads the header block of an entry. Sets `place.path` as soon as the path is known. Throws `layer_invalid` and
 * `layer_hostile`; a sparse map is not checked yet.
 */
export function readEntryHeader(
  block: Buffer,
  preface: EntryPreface,
  checks: PathChecks,
): EntryHeader {
  const { place, limits } = checks;
  const { pax } = preface;
  const format = headerFormat(block);
  const plan = pax?.sparse === undefined ? undefined : planPaxSparse(pax.sparse, place);
  const rawPath = rawPathOf(block, format, { preface, plan, place });
  const path = normalisedPath(rawPath, 'name', checks);
  place.path = path;
  const type = entryTypeOf(block, rawPath, place);
  if (path === '' && type !== 'directory') {
    throw invalidTar(place, `its path is the root directory, its type ${type}`);
  }
  const archivedBytes = archivedBytesOf(block, type, { pax, place });
  const sparse = sparseOf(block, format, { type, plan, checks });
  const sizeBytes = sparse?.sizeBytes ?? archivedBytes;
  if (sizeBytes > limits.maxEntryBytes) {
    const limit = `the limit of ${limits.maxEntryBytes} bytes`;
    throw hostileTar(place, `its content has ${sizeBytes} bytes, more than ${limit}`);
  }
  const isDevice = type === 'char' || type === 'block';
  const entry: TarEntry = {
    path,
    type,
    mode: headerNumber(block, numberFields.mode, place) & 0o7777,
    uid: pax?.uid ?? headerNumberUpTo(block, numberFields.uid, maxId, place),
    gid: pax?.gid ?? headerNumberUpTo(block, numberFields.gid, maxId, place),
    mtimeSec: pax?.mtime?.sec ?? headerNumber(block, numberFields.mtime, place),
    mtimeNsec: pax?.mtime?.nsec ?? 0,
    sizeBytes,
    linkTarget: linkTargetOf(block, type, { preface, checks }),
    deviceMajor: isDevice ? deviceNumber(block, 'deviceMajor', { pax, format, place }) : 0,
    deviceMinor: isDevice ? deviceNumber(block, 'deviceMinor', { pax, format, place }) : 0,
    xattrs: pax === undefined ? noXattrs : xattrsOf(pax, type, checks),
  };
  return { entry, archivedBytes, sparse };
}

const noXattrs: readonly TarXattr[] = Object.freeze([]);

function rawPathOf(
  block: Buffer,
  format: HeaderFormat,
  from: { preface: EntryPreface; plan: PaxSparsePlan | undefined; place: TarPlace },
): BytePath {
  const { preface, plan, place } = from;
  const path = onlyOne(preface.pax?.path, preface.longName, { what: 'names', place });
  return plan?.name ?? path ?? headerName(block, format);
}

function linkTargetOf(
  block: Buffer,
  type: TarEntry['type'],
  { preface, checks }: { preface: EntryPreface; checks: PathChecks },
): BytePath {
  if (type !== 'symlink' && type !== 'hardlink') return '';
  const { pax, longLink } = preface;
  const named = onlyOne(pax?.linkPath, longLink, { what: 'link targets', place: checks.place });
  const target = named ?? headerLinkName(block);
  if (type === 'symlink') {
    checkSymlinkTarget(target, checks);
    return target;
  }
  const path = normalisedPath(target, 'target of the hard link', checks);
  if (path === '') throw invalidTar(checks.place, 'the target of the hard link is the root');
  return path;
}

/** GNU tar lets the PAX header win, Go's reader the `L` header: an archive with both means two things. */
function onlyOne(
  fromPax: BytePath | undefined,
  fromGnu: BytePath | undefined,
  { what, place }: { what: string; place: TarPlace },
): BytePath | undefined {
  if (fromPax !== undefined && fromGnu !== undefined && fromPax !== fromGnu) {
    throw invalidTar(place, `its PAX and GNU headers give it two ${what}`);
  }
  return fromPax ?? fromGnu;
}

/**
 * A hard link's size is that of the file it points to, and no content follows (GNU tar, Go and Python agree). For
 * all other types without content readers disagree on whether a size means that content follows: refused.
 */
function archivedBytesOf(
  block: Buffer,
  type: TarEntry['type'],
  { pax, place }: { pax: PaxValues | undefined; place: TarPlace },
): number {
  if (type === 'hardlink') return 0;
  const max = Number.MAX_SAFE_INTEGER;
  const size = pax?.sizeBytes ?? headerNumberUpTo(block, numberFields.size, max, place);
  if (type !== 'file' && size !== 0) {
    throw invalidTar(place, `it is a ${type} and claims ${size} bytes of content`);
  }
  return size;
}

function sparseOf(
  block: Buffer,
  format: HeaderFormat,
  from: { type: TarEntry['type']; plan: PaxSparsePlan | undefined; checks: PathChecks },
): SparseHeader | undefined {
  const { type, plan, checks } = from;
  const { place, limits } = checks;
  const isGnuSparse = isSparseFlag(block);
  if (plan !== undefined) {
    if (type !== 'file' || isGnuSparse) {
      throw invalidTar(place, 'its GNU.sparse records are on a type that takes none');
    }
    const mapFollows = plan.runs === undefined ? 'text' : undefined;
    return { sizeBytes: plan.sizeBytes, runs: [...(plan.runs ?? [])], mapFollows };
  }
  if (!isGnuSparse) return undefined;
  if (format !== 'gnu') throw invalidTar(place, 'it is sparse in a way that only star knows');
  const runs: DataRun[] = [];
  const isExtended = readGnuSparseTable(block, tableInHeader, { runs, limits, place });
  const max = Number.MAX_SAFE_INTEGER;
  const sizeBytes = headerNumberUpTo(block, numberFields.gnuRealSize, max, place);
  return { sizeBytes, runs, mapFollows: isExtended ? 'gnu-blocks' : undefined };
}

function deviceNumber(
  block: Buffer,
  half: 'deviceMajor' | 'deviceMinor',
  from: { pax: PaxValues | undefined; format: HeaderFormat; place: TarPlace },
): number {
  const fromPax = from.pax?.[half];
  if (fromPax !== undefined) return fromPax;
  if (from.format === 'v7') return 0;
  return headerNumberUpTo(block, numberFields[half], maxDeviceNumber, from.place);
}

/** Access control lists become attributes too, unless the archive has the attribute itself. */
function xattrsOf(pax: PaxValues, type: TarEntry['type'], checks: PathChecks): readonly TarXattr[] {
  const xattrs = new Map(pax.xattrs);
  const addAcl = (text: string | undefined, kind: AclKind): void => {
    if (text === undefined || type === 'symlink') return;
    const value = aclXattrValue(text, kind, checks.place);
    if (value !== undefined && !xattrs.has(aclXattrNames[kind])) {
      xattrs.set(aclXattrNames[kind], value);
    }
  };
  addAcl(pax.accessAcl, 'access');
  addAcl(pax.defaultAcl, 'default');
  return xattrs.size === 0 ? noXattrs : sortedXattrs(xattrs, checks);
}
