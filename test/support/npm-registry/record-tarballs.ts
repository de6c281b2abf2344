import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inParallel } from './in-parallel.ts';
import { integrityOf, type RecordedTarball, type Recording, sha256 } from './recording.ts';
import type { Upstream } from './upstream.ts';

export interface WantedTarball {
  readonly name: string;
  readonly version: string;
  /** At the public address. */
  readonly url: string;
  readonly integrity?: string;
  readonly attestationsPath: string | undefined;
}

export interface TarballRecording {
  readonly upstream: Upstream;
  readonly directory: string;
  readonly wanted: readonly WantedTarball[];
}

const atOnce = 8;

/** Fetches tarballs, holds each against its integrity, and takes their attestations along. */
export async function recordTarballs(
  recording: TarballRecording,
): Promise<Pick<Recording, 'tarballs' | 'documents'>> {
  const { upstream, directory, wanted } = recording;
  const documents: Recording['documents'][number][] = [];

  const recordAttestations = async (path: string): Promise<void> => {
    const answer = await upstream.get(path);
    if (answer === undefined) return;
    const digest = sha256(answer.body);
    const file = `documents/${digest}`;
    await writeFile(join(directory, file), answer.body);
    documents.push({
      path: decodeURIComponent(path),
      file,
      sizeBytes: answer.body.length,
      sha256: digest,
    });
  };

  const recordOne = async (tarball: WantedTarball): Promise<RecordedTarball> => {
    const { name, version, url } = tarball;
    const path = url.slice(upstream.publicUrl.length - 1);
    const answer = await upstream.get(path);
    if (answer === undefined) throw new TypeError(`upstream lacks ${path}`);
    const integrity = integrityOf(answer.body);
    if (tarball.integrity !== undefined && !matches(answer.body, tarball.integrity)) {
      throw new TypeError(`${path} of the upstream registry is not what its packument says`);
    }
    const digest = sha256(answer.body);
    const file = `tarballs/${digest}.tgz`;
    await writeFile(join(directory, file), answer.body);
    if (tarball.attestationsPath !== undefined) await recordAttestations(tarball.attestationsPath);
    const facts = { file, sizeBytes: answer.body.length, sha256: digest };
    return { ...facts, name, version, path: decodeURIComponent(path), integrity };
  };

  const tarballs = await inParallel(wanted, atOnce, recordOne);
  return { tarballs, documents };
}

/** By the first digest that it lists. */
function matches(body: Buffer, integrity: string): boolean {
  const [algorithm = '', expected = ''] = (integrity.split(' ')[0] ?? '').split(/-(.*)/);
  return createHash(algorithm).update(body).digest('base64') === expected;
}
