import { folderOf } from '../registries/registry-hosts.ts';
import type { Edit } from './edits.ts';
import type { PackumentIndex } from './packument-index.ts';

/** Where the tarball of a version moves to; null leaves it where it is. Asked for http and https URLs alone. */
export type TarballTarget = (url: URL, version: string) => string | null;

/**
 * The edits that move the tarballs of a packument. What JSON.parse sees differs in `dist.tarball` alone, so signatures, which are
 * made over name, version and integrity, still verify; all other bytes stay. Tarballs with other URLs than http and https, or with
 * none, are left alone.
 */
export function tarballEdits(index: PackumentIndex, target: TarballTarget): Edit[] {
  const edits: Edit[] = [];
  for (const { version, tarball } of index.versions.values()) {
    if (tarball === null || !/^https?:/i.test(tarball.url) || !URL.canParse(tarball.url)) continue;
    const moved = target(new URL(tarball.url), version);
    if (moved === null || moved === tarball.url) continue;
    edits.push({ ...tarball.range, replacement: Buffer.from(JSON.stringify(moved)) });
  }
  return edits.sort((a, b) => a.start - b.start);
}

export interface TarballBases {
  /** The registry's own addresses, as tarballs' URLs begin. The scheme does not matter. */
  readonly from: readonly URL[];
  readonly to: URL;
}

/**
 * Moves the tarballs that lie below one of the addresses `from` to the address `to`, path and query kept; others stay, such as
 * those on a host of their own. Where a registry lies below a path of its host, tarballs elsewhere on that host are its own
 * too, as GitLab has them below its projects: they move to their usual path. Credentials and fragments do not come along.
 */
export function moveBetweenBases({ from, to }: TarballBases): TarballTarget {
  const bases = from
    .map((base) => ({ host: base.host, path: folderOf(base) }))
    .toSorted((left, right) => right.path.length - left.path.length);
  const target = to.origin + folderOf(to);
  return (url) => {
    const own = bases.filter(({ host }) => host === url.host);
    const base = own.find(({ path }) => url.pathname.startsWith(path));
    // A host that has its registry below a path has no tarballs of it at its root.
    const isBelow = base !== undefined && (base.path !== '/' || own[0] === base);
    const path = isBelow ? url.pathname.slice(base.path.length) : usualPath(own[0]?.path, url);
    return path === null ? null : target + path + url.search;
  };
}

/** `name/-/file`, where the end of an address is of that shape. */
function usualPath(folder: string | undefined, { pathname }: URL): string | null {
  if (folder === undefined || folder === '/') return null;
  return /\/((?:@[^/]+\/)?[^/@][^/]*\/-\/(?:@[^/]+\/)?[^/]+)$/.exec(pathname)?.[1] ?? null;
}
