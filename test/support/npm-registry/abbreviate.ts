import type { Manifest, Packument } from './packument.ts';

/** npm/registry, docs/responses/package-metadata.md, "Abbreviated version object", and what the public registry adds since. */
const keptFields = [
  'name',
  'version',
  'deprecated',
  'dependencies',
  'optionalDependencies',
  'devDependencies',
  'bundleDependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'acceptDependencies',
  'bin',
  'directories',
  'dist',
  'engines',
  'os',
  'cpu',
  'libc',
  'funding',
  '_hasShrinkwrap',
  'hasInstallScript',
];

/** The abbreviated form of a full packument, for where upstream has none of its own. */
export function abbreviate(full: Packument): Packument {
  const times = Object.values(full.time ?? {}).map((text) => Date.parse(text));
  const modifiedMs = Math.max(0, ...times.filter((ms) => Number.isFinite(ms)));
  const versions = Object.entries(full.versions).map(([version, manifest]) => [
    version,
    abbreviateManifest(manifest),
  ]);
  return {
    name: full.name,
    modified: full.time?.['modified'] ?? new Date(modifiedMs).toISOString(),
    'dist-tags': full['dist-tags'],
    versions: Object.fromEntries(versions) as Record<string, Manifest>,
  };
}

function abbreviateManifest(manifest: Manifest): Manifest {
  const kept = keptFields
    .filter((field) => manifest[field] !== undefined)
    .map((field) => [field, manifest[field]]);
  const hasInstallScript = ['preinstall', 'install', 'postinstall'].some(
    (script) => manifest.scripts?.[script] !== undefined,
  );
  return {
    ...Object.fromEntries(kept),
    ...(hasInstallScript ? { hasInstallScript } : {}),
  } as Manifest;
}
