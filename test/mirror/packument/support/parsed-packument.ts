/** What a client sees of a packument: JSON.parse and nothing else. The model that indexes are held against. */
export interface ParsedPackument {
  readonly name: unknown;
  readonly modified: string | null;
  readonly versions: ReadonlyMap<string, ParsedVersion>;
  readonly times: ReadonlyMap<string, unknown>;
  readonly distTags: ReadonlyMap<string, unknown>;
}

export interface ParsedVersion {
  readonly tarball: string | null;
  readonly integrity: string | null;
  readonly shasum: string | null;
  readonly isDeprecated: boolean;
}

export function parsedPackument(json: string): ParsedPackument {
  const root = membersOf(JSON.parse(json));
  const times = membersOf(root.get('time'));
  const versions = [...membersOf(root.get('versions'))].map(
    ([version, manifest]) => [version, parsedVersion(manifest)] as const,
  );
  return {
    name: root.get('name'),
    modified: textOf(root.get('modified')) ?? textOf(times.get('modified')),
    versions: new Map(versions),
    times,
    distTags: membersOf(root.get('dist-tags')),
  };
}

function parsedVersion(manifest: unknown): ParsedVersion {
  const members = membersOf(manifest);
  const dist = membersOf(members.get('dist'));
  const deprecated = members.get('deprecated');
  return {
    tarball: textOf(dist.get('tarball')),
    integrity: textOf(dist.get('integrity')),
    shasum: textOf(dist.get('shasum')),
    isDeprecated: deprecated === true || (textOf(deprecated) ?? '') !== '',
  };
}

/** The members of an object, `__proto__` as any other; none for what is no object. */
export function membersOf(value: unknown): Map<string, unknown> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return new Map(isObject ? Object.entries(value) : []);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
