import type { PackageName } from './package-name.ts';
import type { RegistryPath } from './registry-path.ts';

/** The paths that name one thing and nothing else, so that they can be asked for upstream in one spelling. */
export type ResourcePath = Extract<
  RegistryPath,
  { readonly kind: 'packument' | 'version' | 'tarball' | 'dist-tags' | 'attestations' }
>;

/**
 * The path to ask a registry for, in the spelling of npm's own client: the slash of a scope encoded as `%2f`, but plain in the
 * path of a tarball. `parseRegistryPath` gives back what was formatted.
 */
export function formatRegistryPath(path: ResourcePath): string {
  const name = escapedName(path.package);
  switch (path.kind) {
    case 'packument':
      return `/${name}`;
    case 'version':
      return `/${name}/${encodeURIComponent(path.version)}`;
    case 'tarball':
      return tarballPath(path.package.name, path.file);
    case 'dist-tags':
      return `/-/package/${name}/dist-tags${path.tag === null ? '' : `/${encodeURIComponent(path.tag)}`}`;
    case 'attestations':
      return `/-/npm/v1/attestations/${name}@${encodeURIComponent(path.version)}`;
  }
}

/** Where a registry has a tarball; `file` as in `RegistryPath`. */
export function tarballPath(name: string, file: string): string {
  const escaped = file.split('/').map(escapedFile).join('/');
  const [, download] = /^download\/(.+)$/.exec(escaped) ?? [];
  return download === undefined ? `/${name}/-/${escaped}` : `/download/${name}/${download}`;
}

function escapedName({ name }: PackageName): string {
  return name.replace('/', '%2f');
}

function escapedFile(segment: string): string {
  return encodeURIComponent(segment).replace(/%40/g, '@').replace(/%2B/g, '+');
}
