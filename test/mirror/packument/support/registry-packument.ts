import { createHash } from 'node:crypto';

export interface RegistryPackumentOptions {
  readonly name: string;
  /** 1.0.0, 1.0.1 and so on, released an hour apart. */
  readonly versions: number;
  readonly base?: string;
}

export const firstReleaseMs = Date.UTC(2024, 0, 1);
export const hourMs = 3_600_000;

/** A packument as a registry writes it, full form, with the same bytes each time. */
export function registryPackument(options: RegistryPackumentOptions): string {
  const { name, versions, base = 'https://registry.npm.test' } = options;
  const numbers = Array.from({ length: versions }, (_, at) => `1.0.${at}`);
  const file = name.replace(/^@[^/]*\//, '');
  const manifestOf = (version: string): object => ({
    name,
    version,
    description: `Never touch ${base}/${name}/-/${file}-${version}.tgz in a text`,
    dependencies: { left: '^1.0.0', right: '~2.1.0' },
    dist: {
      integrity: `sha512-${digest('sha512', version).toString('base64')}`,
      shasum: digest('sha1', version).toString('hex'),
      tarball: `${base}/${name}/-/${file}-${version}.tgz`,
      fileCount: 3,
      signatures: [{ keyid: 'SHA256:abc', sig: 'MEUCIQ==' }],
    },
    _id: `${name}@${version}`,
  });
  const times = numbers.map((version, at) => [
    version,
    new Date(firstReleaseMs + at * hourMs).toISOString(),
  ]);
  return JSON.stringify({
    _id: name,
    _rev: '1-abc',
    name,
    'dist-tags': versions === 0 ? {} : { latest: numbers.at(-1), first: '1.0.0' },
    versions: Object.fromEntries(numbers.map((version) => [version, manifestOf(version)])),
    time: {
      created: new Date(firstReleaseMs).toISOString(),
      modified: new Date(firstReleaseMs + versions * hourMs).toISOString(),
      ...Object.fromEntries(times),
    },
    readme: `See ${base}/${name}/-/${file}-1.0.0.tgz\n`,
  });
}

function digest(algorithm: string, text: string): Buffer {
  return createHash(algorithm).update(text).digest();
}
