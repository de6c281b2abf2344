import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Manifest, Packument } from './packument.ts';
import { integrityOf } from './recording.ts';

/** A package that a test makes up. As JSON it reaches a registry in another process. */
export interface PackageDescription {
  readonly name: string;
  /** By version. */
  readonly versions: Readonly<Record<string, VersionDescription>>;
  /** By default `latest` is the last version that is given. */
  readonly distTags?: Readonly<Record<string, string>>;
  /** Bearer tokens that may read it; everybody may, when left out. */
  readonly readers?: readonly string[];
  /** As an HTTP date. */
  readonly lastModified?: string;
}

export interface VersionDescription {
  /** Text by path below the package's root; package.json is made. */
  readonly files?: Readonly<Record<string, string>>;
  /** What else package.json and packument say: dependencies, bin, scripts, ... */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** When it was published, ISO 8601. Default 2020-01-01. */
  readonly publishedAt?: string;
  /** Bytes without pattern that the tarball carries besides. */
  readonly paddingBytes?: number;
}

export interface MadePackage {
  readonly packument: Packument;
  readonly lastModified: string;
  readonly readers: readonly string[] | null;
  readonly tarballs: readonly MadeTarball[];
}

export interface MadeTarball {
  /** `/@scope/name/-/name-1.0.0.tgz`. */
  readonly path: string;
  readonly bytes: Buffer;
}

const aTime = '2020-01-01T00:00:00.000Z';

/** The same description gives the same bytes. `dist.tarball` is the path alone. */
export async function makePackage(description: PackageDescription): Promise<MadePackage> {
  const { name, versions, distTags, readers } = description;
  const tarballs: MadeTarball[] = [];
  const manifests: Record<string, Manifest> = {};
  const time: Record<string, string> = {};
  for (const [version, detail] of Object.entries(versions)) {
    const own = { name, version, ...detail.manifest };
    const bytes = await makeTarball(own, detail);
    const path = `/${name}/-/${name.split('/').at(-1)}-${version}.tgz`;
    tarballs.push({ path, bytes });
    const shasum = createHash('sha1').update(bytes).digest('hex');
    const dist = { integrity: integrityOf(bytes), shasum, tarball: path };
    manifests[version] = { ...own, _id: `${name}@${version}`, dist };
    time[version] = detail.publishedAt ?? aTime;
  }
  const latest = Object.keys(versions).at(-1) ?? '0.0.0';
  return {
    packument: {
      _id: name,
      name,
      'dist-tags': { ...(distTags ?? { latest }) },
      versions: manifests,
      time,
    },
    lastModified: description.lastModified ?? new Date(aTime).toUTCString(),
    readers: readers ?? null,
    tarballs,
  };
}

async function makeTarball(manifest: object, detail: VersionDescription): Promise<Buffer> {
  const archive = pack();
  const mtime = new Date(aTime);
  const add = (path: string, content: string | Buffer): void => {
    archive.entry({ name: `package/${path}`, mtime, mode: 0o644 }, content);
  };
  add('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
  for (const [path, content] of Object.entries(detail.files ?? {})) add(path, content);
  if (detail.paddingBytes !== undefined) add('padding.bin', noise(detail.paddingBytes));
  archive.finalize();
  return gzipSync(await buffer(archive), { level: 1 });
}

/** Bytes that do not compress, the same each time. */
function noise(sizeBytes: number): Buffer {
  const blocks: Buffer[] = [];
  for (let index = 0; index * 64 < sizeBytes; index += 1) {
    blocks.push(createHash('sha512').update(`block ${index}`).digest());
  }
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}
