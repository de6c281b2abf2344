import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { abbreviate } from './abbreviate.ts';
import { type MadePackage, makePackage, type PackageDescription } from './made-package.ts';
import type { PackumentForm } from './packument.ts';
import type { OpenRecording } from './recording.ts';

/** What a registry has, recorded and made up. Names and paths are decoded. */
export interface RegistryContent {
  packument(wanted: WantedPackument): Promise<PackumentBody | null>;
  tarball(path: string): Promise<StoredBody | null>;
  document(path: string): Promise<Buffer | null>;
  /** Tokens that may read a package; null when all may, also when there is no such package. */
  readers(name: string): readonly string[] | null;
  names(): readonly string[];
  /** Adds a package, or replaces the one of that name. */
  put(description: PackageDescription): Promise<void>;
  remove(name: string): void;
}

export interface WantedPackument {
  readonly name: string;
  readonly form: PackumentForm;
  /** What URLs of tarballs begin with; ends in a slash. */
  readonly base: string;
}

export interface StoredBody {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly lastModified: string;
}

export interface PackumentBody extends StoredBody {
  readonly gzip: Buffer;
}

const compress = promisify(gzip);
const decompress = promisify(gunzip);
/** That of all recorded tarballs: they never change. */
const tarballTime = new Date('2021-01-01T00:00:00Z').toUTCString();

/** What was read or made once stays in memory. */
export function createRegistryContent(recording: OpenRecording | null): RegistryContent {
  const made = new Map<string, MadePackage>();
  const removed = new Set<string>();
  const packuments = new Map<string, Promise<PackumentBody | null>>();
  const tarballs = new Map<string, Promise<StoredBody | null>>();

  const forget = (name: string): void => {
    for (const key of packuments.keys()) if (key.startsWith(`${name} `)) packuments.delete(key);
    const paths = made.get(name)?.tarballs ?? [];
    for (const { path } of paths) tarballs.delete(path);
    made.delete(name);
  };

  return {
    packument(wanted) {
      const { name, form, base } = wanted;
      const key = `${name} ${form} ${base}`;
      const own = made.get(name);
      if (own === undefined && removed.has(name)) return Promise.resolve(null);
      const body =
        packuments.get(key) ??
        (own === undefined ? recordedPackument(recording, wanted) : madePackument(own, wanted));
      packuments.set(key, body);
      return body;
    },
    tarball(path) {
      const body = tarballs.get(path) ?? findTarball(recording, [...made.values()], path);
      tarballs.set(path, body);
      return body;
    },
    async document(path) {
      const found = recording?.documents.find((document) => document.path === path);
      return found === undefined ? null : readFile(join(recording?.directory ?? '', found.file));
    },
    readers: (name) => made.get(name)?.readers ?? null,
    names() {
      const recorded = (recording?.packuments ?? []).map(({ name }) => name);
      return [...new Set([...recorded, ...made.keys()])].filter((name) => !removed.has(name));
    },
    async put(description) {
      const own = await makePackage(description);
      forget(description.name);
      for (const { path } of own.tarballs) tarballs.delete(path);
      removed.delete(description.name);
      made.set(description.name, own);
    },
    remove(name) {
      forget(name);
      removed.add(name);
    },
  };
}

async function recordedPackument(
  recording: OpenRecording | null,
  { name, form, base }: WantedPackument,
): Promise<PackumentBody | null> {
  const found = recording?.packuments.find((one) => one.name === name && one.form === form);
  if (recording === null || found === undefined) return null;
  const { etag, lastModified } = found;
  const recorded = await readFile(join(recording.directory, found.file));
  const original = await decompress(recorded);
  if (base === recording.publicUrl) return { bytes: original, gzip: recorded, etag, lastModified };
  const [from, to] = [recording.publicUrl, base].map((url) => `"tarball":"${url}`);
  const bytes = Buffer.from(original.toString().replaceAll(from ?? '', to ?? ''));
  return { bytes, gzip: await compress(bytes), etag, lastModified };
}

async function madePackument(
  own: MadePackage,
  { form, base }: WantedPackument,
): Promise<PackumentBody> {
  const packument = form === 'full' ? own.packument : abbreviate(own.packument);
  const text = JSON.stringify(packument).replaceAll('"tarball":"/', `"tarball":"${base}`);
  const bytes = Buffer.from(text);
  return { ...stored(bytes, own.lastModified), gzip: await compress(bytes) };
}

async function findTarball(
  recording: OpenRecording | null,
  made: readonly MadePackage[],
  path: string,
): Promise<StoredBody | null> {
  for (const { tarballs, lastModified } of made) {
    const own = tarballs.find((tarball) => tarball.path === path);
    if (own !== undefined) return stored(own.bytes, lastModified);
  }
  const found = recording?.tarballs.find((tarball) => tarball.path === path);
  if (recording === null || found === undefined) return null;
  return stored(await readFile(join(recording.directory, found.file)), tarballTime);
}

function stored(bytes: Buffer, lastModified: string): StoredBody {
  const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
  return { bytes, etag, lastModified };
}
