import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { abbreviate } from './abbreviate.ts';
import { completePackument } from './complete-packument.ts';
import { inParallel } from './in-parallel.ts';
import type { PackageSet } from './package-sets.ts';
import { abbreviatedType, type Dist, type Packument, type PackumentForm } from './packument.ts';
import { type RecordedPackument, sha256 } from './recording.ts';
import type { ResolvedPackage } from './resolve-set.ts';
import type { SigningKey } from './signing-key.ts';
import type { Upstream, UpstreamAnswer } from './upstream.ts';

export interface RecorderOptions {
  readonly upstream: Upstream;
  readonly directory: string;
  readonly set: PackageSet;
  readonly signingKey: SigningKey;
}

export interface RecordedPackuments {
  readonly packuments: readonly RecordedPackument[];
  tarballUrl(resolved: ResolvedPackage): { readonly url: string; readonly integrity?: string };
  /** The path of its attestations, where it has some. */
  attestationsPath(resolved: ResolvedPackage): string | undefined;
}

const compress = promisify(gzip);
const atOnce = 6;

/** Fetches packuments in both forms and writes them down as gzip. */
export function createPackumentRecorder(options: RecorderOptions): {
  record(names: readonly string[]): Promise<RecordedPackuments>;
} {
  const { upstream, directory, set, signingKey } = options;
  const completion = {
    upstreamUrl: upstream.url,
    publicUrl: upstream.publicUrl,
    signingKey,
    isShasumOnly: (name: string) => set.shasumOnly.includes(name),
  };

  const write = async (document: Document): Promise<RecordedPackument> => {
    const { name, form, bytes, answer, origin } = document;
    const compressed = await compress(bytes, { level: 6 });
    const file = `packuments/${encodeURIComponent(name)}.${form}.json.gz`;
    await writeFile(join(directory, file), compressed);
    const md5 = createHash('md5').update(bytes).digest('hex');
    const facts = { file, sizeBytes: compressed.length, sha256: sha256(compressed) };
    return {
      ...facts,
      name,
      form,
      documentBytes: bytes.length,
      etag: answer.etag ?? `W/"${md5}"`,
      lastModified: answer.lastModified ?? lastChange(JSON.parse(bytes.toString()) as Packument),
      origin,
    };
  };

  const recordOne = async (name: string): Promise<BothForms> => {
    const path = `/${name.replace('/', '%2f')}`;
    const full = await upstream.get(path, { accept: 'application/json' });
    const short = await upstream.get(path, { accept: abbreviatedType });
    if (full === undefined || short === undefined) throw new TypeError(`upstream lacks ${name}`);
    const packument = JSON.parse(full.body.toString()) as Packument;
    completePackument(packument, completion);
    // A registry that knows one form alone gives it for both.
    const hasShort = !short.body.equals(full.body);
    const abbreviated = hasShort
      ? (JSON.parse(short.body.toString()) as Packument)
      : abbreviate(packument);
    if (hasShort) completePackument(abbreviated, completion);
    const made = { etag: undefined, lastModified: undefined };
    const fullDocument = { name, form: 'full', bytes: toBytes(packument) } as const;
    const shortDocument = { name, form: 'abbreviated', bytes: toBytes(abbreviated) } as const;
    return {
      packument,
      recorded: [
        await write({ ...fullDocument, answer: full, origin: 'upstream' }),
        await write(
          hasShort
            ? { ...shortDocument, answer: short, origin: 'upstream' }
            : { ...shortDocument, answer: made, origin: 'made' },
        ),
      ],
    };
  };

  return {
    async record(names) {
      const all = await inParallel(names, atOnce, recordOne);
      const dists = new Map<string, Dist>();
      for (const { name, versions } of all.map(({ packument }) => packument)) {
        for (const [version, { dist }] of Object.entries(versions))
          dists.set(`${name}@${version}`, dist);
      }
      const distOf = ({ name, version }: ResolvedPackage): Dist => {
        const dist = dists.get(`${name}@${version}`);
        if (dist === undefined) throw new TypeError(`the packument lacks ${name}@${version}`);
        return dist;
      };
      return {
        packuments: all.flatMap(({ recorded }) => recorded),
        tarballUrl: (resolved) => {
          const { tarball, integrity } = distOf(resolved);
          return { url: tarball, ...(integrity === undefined ? {} : { integrity }) };
        },
        attestationsPath: (resolved) => {
          const { attestations } = distOf(resolved) as { attestations?: { url?: string } };
          return attestations?.url === undefined ? undefined : new URL(attestations.url).pathname;
        },
      };
    },
  };
}

interface BothForms {
  readonly packument: Packument;
  readonly recorded: readonly RecordedPackument[];
}

interface Document {
  readonly name: string;
  readonly form: PackumentForm;
  readonly bytes: Buffer;
  readonly answer: Pick<UpstreamAnswer, 'etag' | 'lastModified'>;
  readonly origin: 'upstream' | 'made';
}

function toBytes(packument: Packument): Buffer {
  return Buffer.from(JSON.stringify(packument));
}

/** As an HTTP date. */
function lastChange({ time, modified }: Packument): string {
  const texts = modified === undefined ? Object.values(time ?? {}) : [modified];
  const timesMs = texts.map((text) => Date.parse(text)).filter((ms) => Number.isFinite(ms));
  return new Date(Math.max(0, ...timesMs)).toUTCString();
}
