/** What the end of a path below `/v2/` asks for; all that stands before is `name`: a repository, perhaps behind a registry. */
export type ApiPath =
  | { readonly shape: 'base' | 'catalog' | 'unknown' }
  | {
      readonly shape: 'manifest' | 'blob' | 'referrers';
      readonly name: Segments;
      readonly last: string;
    }
  | { readonly shape: 'tags' | 'upload'; readonly name: Segments };

export type Segments = readonly string[];

const maxPathLength = 4096;

/**
 * Reads a path of the registry API; null for one that lies elsewhere. A repository may have `blobs` and `manifests` among its
 * parts: what is asked for is told by the last two segments (OCI distribution-spec 1.1, "Endpoints"). Escapes are decoded once,
 * after the path was cut at its slashes, so that none can make a slash; what cannot be decoded stays, and is no name then.
 */
export function parseApiPath(path: string): ApiPath | null {
  if (path === '/v2' || path === '/v2/') return { shape: 'base' };
  if (!path.startsWith('/v2/')) return null;
  if (path.length > maxPathLength) return { shape: 'unknown' };
  const segments = path.slice('/v2/'.length).split('/').map(decodeOnce);
  return shapeOf(segments);
}

function shapeOf(segments: Segments): ApiPath {
  const last = segments.at(-1) ?? '';
  const keyword = segments.at(-2);
  const name = segments.slice(0, -2);
  // Uploads are begun at `blobs/uploads/`, and go on below it.
  if (keyword === 'uploads' && segments.at(-3) === 'blobs')
    return { shape: 'upload', name: segments.slice(0, -3) };
  switch (keyword) {
    case 'manifests':
      return { shape: 'manifest', name, last };
    case 'blobs':
      return { shape: last === 'uploads' ? 'upload' : 'blob', name, last };
    case 'referrers':
      return { shape: 'referrers', name, last };
    case 'tags':
      return last === 'list' ? { shape: 'tags', name } : { shape: 'unknown' };
    default:
      return { shape: last === '_catalog' ? 'catalog' : 'unknown' };
  }
}

function decodeOnce(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (error instanceof URIError) return segment;
    throw error;
  }
}
