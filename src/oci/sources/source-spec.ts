import { AshlarError } from '../../errors/ashlar-error.ts';
import { parseReference, type ImageReference } from '../reference.ts';

/** A source as written on the command line, taken apart. */
export type SourceSpec =
  | { readonly kind: 'tar'; readonly path: string }
  | { readonly kind: 'oci'; readonly path: string; readonly tag: string | null }
  | { readonly kind: 'oci-archive'; readonly path: string; readonly tag: string | null }
  | {
      readonly kind: 'docker-archive';
      readonly path: string;
      readonly image: ImageReference | null;
    }
  | { readonly kind: 'docker'; readonly image: ImageReference };

/**
 * Reads `tar:FILE`, `oci:DIR[:tag]`, `oci-archive:FILE[:tag]`, `docker-archive:FILE[:repository:tag]` or
 * `docker://REFERENCE`. As for skopeo, the path of the middle three ends at the first colon; that of `tar:` is
 * all the rest. Throws `source_invalid`, and `reference_invalid` for the references in it.
 */
export function parseSourceSpec(source: string): SourceSpec {
  if (source.includes('\0') || source.length > 8192) throw invalid(source, 'it is no name');
  const colon = source.indexOf(':');
  const kind = source.slice(0, Math.max(0, colon));
  const rest = source.slice(colon + 1);
  switch (kind) {
    case 'tar':
      if (rest === '') throw invalid(source, 'it names no file');
      return { kind, path: rest };
    case 'oci':
    case 'oci-archive': {
      const { path, name } = splitPath(source, rest);
      return { kind, path, tag: name };
    }
    case 'docker-archive': {
      const { path, name } = splitPath(source, rest);
      return { kind, path, image: name === null ? null : parseReference(name) };
    }
    case 'docker':
      if (!rest.startsWith('//')) throw invalid(source, 'the reference must follow docker://');
      return { kind, image: parseReference(rest.slice(2)) };
    default:
      throw invalid(source, `it does not begin with one of ${kinds.join(', ')}`);
  }
}

const kinds = ['tar:', 'oci:', 'oci-archive:', 'docker-archive:', 'docker://'];

function splitPath(source: string, rest: string): { path: string; name: string | null } {
  const colon = rest.indexOf(':');
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const name = colon < 0 ? null : rest.slice(colon + 1);
  if (path === '') throw invalid(source, 'it names no file');
  if (name === '') throw invalid(source, 'there is nothing behind the last colon');
  return { path, name };
}

function invalid(source: string, problem: string): AshlarError {
  const shown = JSON.stringify(source.slice(0, 300));
  return new AshlarError('source_invalid', `${shown} is not an image source: ${problem}`, {
    data: { source: source.slice(0, 300) },
  });
}
