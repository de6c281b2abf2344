import { AshlarError } from '../../src/index.ts';

export interface FilteredReferrers {
  /** JSON. */
  readonly index: string;
  /** To be sent along: `oci-filters-applied` where something was filtered. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Leaves in an index of referrers those of one type (OCI distribution-spec 1.1, "Listing Referrers"); null leaves it as it is,
 * byte for byte. All other fields stay. Throws `registry_corrupt` for what is no index.
 */
export function filterReferrers(index: string, artifactType: string | null): FilteredReferrers {
  if (artifactType === null) return { index, headers: {} };
  const parsed = parseIndex(index);
  const manifests = parsed.manifests.filter((each) => typeOf(each) === artifactType);
  return {
    index: formatIndex({ ...parsed, manifests }),
    headers: { 'oci-filters-applied': 'artifactType' },
  };
}

/** Throws `registry_corrupt` for what lies in itself more deeply than can be written, though it can be read. */
export function formatIndex(index: object): string {
  try {
    return JSON.stringify(index);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const problem = 'the list of referrers lies in itself too deeply';
    throw new AshlarError('registry_corrupt', problem, { cause: error });
  }
}

function parseIndex(text: string): { readonly manifests: readonly unknown[] } {
  try {
    const value = JSON.parse(text) as { manifests?: unknown } | null;
    if (Array.isArray(value?.manifests)) return { ...value, manifests: value.manifests };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new AshlarError('registry_corrupt', 'the list of referrers is no image index');
}

function typeOf(descriptor: unknown): unknown {
  return (descriptor as { artifactType?: unknown } | null)?.artifactType;
}
