import { AshlarError } from '../../../src/index.ts';
import { decodeOnce, type PackageName, parsePackageName } from './package-name.ts';

/** What a request to an npm registry wants, by its path alone. */
export type RegistryPath =
  | { readonly kind: 'root' | 'ping' | 'whoami' | 'search' | 'keys' }
  | { readonly kind: 'packument'; readonly package: PackageName }
  /** One version, by its number, a dist-tag or a range. */
  | { readonly kind: 'version'; readonly package: PackageName; readonly version: string }
  /**
   * `file` is `name-1.0.0.tgz`, or `@scope/name-1.0.0.tgz` where a registry has it so, or `download/1.0.0/<digest>` of GitHub
   * Packages (`/download/@scope/name/1.0.0/<digest>`).
   */
  | { readonly kind: 'tarball'; readonly package: PackageName; readonly file: string }
  | { readonly kind: 'dist-tags'; readonly package: PackageName; readonly tag: string | null }
  | { readonly kind: 'attestations'; readonly package: PackageName; readonly version: string }
  | { readonly kind: 'audit'; readonly form: 'bulk' | 'quick' | 'full' }
  /** Logging in and out, users, tokens. */
  | { readonly kind: 'account' }
  /** Anything else; the package that it is about, if it is about one. */
  | { readonly kind: 'other'; readonly package: PackageName | null };

const fixed: ReadonlyMap<string, RegistryPath> = new Map<string, RegistryPath>([
  ['', { kind: 'root' }],
  ['-/ping', { kind: 'ping' }],
  ['-/whoami', { kind: 'whoami' }],
  ['-/v1/search', { kind: 'search' }],
  ['-/npm/v1/keys', { kind: 'keys' }],
  ['-/npm/v1/security/advisories/bulk', { kind: 'audit', form: 'bulk' }],
  ['-/npm/v1/security/audits/quick', { kind: 'audit', form: 'quick' }],
  ['-/npm/v1/security/audits', { kind: 'audit', form: 'full' }],
]);

const accounts = /^-\/(?:user|v1\/login|v1\/done|npm\/v1\/user|npm\/v1\/tokens)(?:\/|$)/;
const registryFiles = new Set(['favicon.ico', 'robots.txt', '_session']);

const maxPathBytes = 2048;
const maxSegmentCharacters = 300;
// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const hostile = /[\u0000-\u001f\u007f\\%]/;

/**
 * Reads the path of a request, without its query, as it came over the wire: `/name`, `/@scope%2fname`, `/name/-/name-1.0.0.tgz`
 * and what else npm's clients ask for. All spellings of one thing give the same result: escapes are decoded (once), also those of
 * slashes, and one slash at the end is overlooked. Throws `package_name_invalid` for a name that no package has, and
 * `registry_path_invalid` for what no path of a registry has: empty segments, `..`, backslashes, control characters, a `%` that is left
 * after decoding.
 */
export function parseRegistryPath(pathname: string): RegistryPath {
  const segments = segmentsOf(pathname);
  const joined = segments.join('/');
  const known = fixed.get(joined);
  if (known !== undefined) return known;
  if (registryFiles.has(joined)) return { kind: 'other', package: null };
  // A package has the name "-": it is at "/-", its tarballs are below "/-/-/".
  const download = downloadPath(segments);
  if (download !== null) return download;
  const isApi = segments[0] === '-' && segments.length > 1 && segments[1] !== '-';
  return isApi ? apiPath(segments, joined) : packagePath(segments);
}

function segmentsOf(pathname: string): string[] {
  const decoded = pathname.length > maxPathBytes ? null : decodeOnce(pathname);
  if (decoded === null || !decoded.startsWith('/')) throw invalid(pathname);
  if (decoded === '/') return [];
  const segments = decoded.replace(/\/$/, '').slice(1).split('/');
  if (!segments.every(isSegment)) throw invalid(pathname);
  return segments;
}

function isSegment(segment: string): boolean {
  return (
    segment !== '' &&
    segment !== '.' &&
    segment !== '..' &&
    segment.length <= maxSegmentCharacters &&
    !hostile.test(segment) &&
    segment.isWellFormed()
  );
}

function invalid(pathname: string): AshlarError {
  const shown = pathname.slice(0, 300);
  return new AshlarError(
    'registry_path_invalid',
    `no path of a registry: ${JSON.stringify(shown)}`,
    {
      data: { path: shown },
    },
  );
}

/** The paths below `/-/`. */
function apiPath(segments: readonly string[], joined: string): RegistryPath {
  if (accounts.test(joined)) return { kind: 'account' };
  if (joined.startsWith('-/npm/v1/attestations/'))
    return attestationsPath(segments.slice(4).join('/'));
  if (segments[1] !== 'package') return { kind: 'other', package: null };
  const { parsed, rest } = leadingName(segments.slice(2));
  const [api, tag, ...more] = rest;
  if (api !== 'dist-tags' || more.length > 0) return { kind: 'other', package: parsed };
  return { kind: 'dist-tags', package: parsed, tag: tag ?? null };
}

function attestationsPath(subject: string): RegistryPath {
  const at = subject.lastIndexOf('@');
  const parsed = parsePackageName(at > 0 ? subject.slice(0, at) : subject);
  const version = at > 0 ? subject.slice(at + 1) : '';
  if (version === '' || version.includes('/')) return { kind: 'other', package: parsed };
  return { kind: 'attestations', package: parsed, version };
}

/** Where GitHub Packages has its tarballs; all of its packages have a scope. Null for other paths. */
function downloadPath(segments: readonly string[]): RegistryPath | null {
  const [first, scope = '', name, version, digest = ''] = segments;
  const isDigest = segments.length === 5 && /^[0-9a-f]{32,128}$/i.test(digest);
  if (first !== 'download' || !scope.startsWith('@') || !isDigest) return null;
  const parsed = parsePackageName(`${scope}/${name}`);
  return { kind: 'tarball', package: parsed, file: `download/${version}/${digest}` };
}

/** The paths that begin with a package. */
function packagePath(segments: readonly string[]): RegistryPath {
  const { parsed, rest } = leadingName(segments);
  const [first, ...more] = rest;
  if (first === undefined) return { kind: 'packument', package: parsed };
  if (first === '-') return filePath(parsed, more);
  if (more.length === 0 && !first.startsWith('-'))
    return { kind: 'version', package: parsed, version: first };
  return { kind: 'other', package: first === '-rev' ? parsed : null };
}

/** The paths below `/name/-/`. */
function filePath(parsed: PackageName, segments: readonly string[]): RegistryPath {
  const isScoped = segments.length === 2 && segments[0] === parsed.scope;
  const file = segments.at(-1) ?? '';
  if (segments.length !== (isScoped ? 2 : 1) || file.startsWith('.'))
    return { kind: 'other', package: parsed };
  return { kind: 'tarball', package: parsed, file: segments.join('/') };
}

function leadingName(segments: readonly string[]): {
  parsed: PackageName;
  rest: readonly string[];
} {
  const length = segments[0]?.startsWith('@') === true ? 2 : 1;
  return {
    parsed: parsePackageName(segments.slice(0, length).join('/')),
    rest: segments.slice(length),
  };
}
