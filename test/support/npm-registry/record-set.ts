import { createHash } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTempDir } from '../../../src/disk/temp-dir.ts';
import { systemErrorCode } from '../../../src/errors/ashlar-error.ts';
import { testCacheDir } from './cache-dir.ts';
import { type PackageSet, packageJsonOf, packageSets, type SetName } from './package-sets.ts';
import { createPackumentRecorder } from './record-packument.ts';
import { recordTarballs } from './record-tarballs.ts';
import { type OpenRecording, loadRecording, type Recording } from './recording.ts';
import { resolveSet } from './resolve-set.ts';
import { createSigningKey, type PublicKey } from './signing-key.ts';
import { openUpstream, type Upstream } from './upstream.ts';

/** Another number where recordings made before are of no use. */
const recordingVersion = 1;

/**
 * The recording of a set from the test cache; complete and verified, else recorded now from the registry that npm is
 * configured with. Two processes that record at once each do so whole; one of the results is kept.
 */
export async function openSet(name: SetName): Promise<OpenRecording> {
  const set = packageSets[name];
  const directory = directoryOf(set);
  const found = await loadRecording(directory);
  if (found !== null) return found;
  await using making = await createTempDir(join(testCacheDir(), 'npm-registry'), 'making');
  const made = join(making.path, 'set');
  await recordSet(set, made);
  await rm(directory, { recursive: true, force: true });
  try {
    await rename(made, directory);
  } catch (error) {
    // Another process was first.
    if (!['ENOTEMPTY', 'EEXIST'].includes(systemErrorCode(error) ?? '')) throw error;
  }
  const recording = await loadRecording(directory);
  if (recording === null) throw new TypeError(`the recording in ${directory} does not stay whole`);
  return recording;
}

/** Why a set cannot be had: it is not recorded, and the registry to record from does not answer. Else null. */
export async function whyNoSet(name: SetName): Promise<string | null> {
  if ((await loadRecording(directoryOf(packageSets[name]))) !== null) return null;
  await using upstream = openUpstream();
  try {
    await upstream.get('/-/ping');
    return null;
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    return `packages are not recorded, and the registry does not answer: ${String(cause)}`;
  }
}

async function recordSet(set: PackageSet, directory: string): Promise<void> {
  await mkdir(join(directory, 'packuments'), { recursive: true });
  await mkdir(join(directory, 'tarballs'));
  await mkdir(join(directory, 'documents'));
  await using upstream = openUpstream();
  const resolved = await resolveSet(set);
  const signingKey = createSigningKey();
  const recorder = createPackumentRecorder({ upstream, directory, set, signingKey });
  const names = new Set(resolved.packages.map(({ name }) => name));
  for (const name of set.packumentsOnly) names.add(name);
  const { packuments, tarballUrl, attestationsPath } = await recorder.record([...names]);
  const wanted = resolved.packages.map((found) => ({
    ...found,
    ...tarballUrl(found),
    attestationsPath: attestationsPath(found),
  }));
  const { tarballs, documents } = await recordTarballs({ upstream, directory, wanted });
  const recording: Recording = {
    publicUrl: upstream.publicUrl,
    lockfile: resolved.lockfile.replaceAll(`"${upstream.url}`, `"${upstream.publicUrl}`),
    packageJson: packageJsonOf(set),
    keys: [...(await upstreamKeys(upstream)), signingKey.publicKey],
    packuments,
    tarballs,
    documents,
  };
  await writeFile(join(directory, 'index.json'), `${JSON.stringify(recording, null, 1)}\n`);
}

async function upstreamKeys(upstream: Upstream): Promise<readonly PublicKey[]> {
  const answer = await upstream.get('/-/npm/v1/keys');
  if (answer === undefined) return [];
  return (JSON.parse(answer.body.toString()) as { readonly keys: readonly PublicKey[] }).keys;
}

function directoryOf(set: PackageSet): string {
  const definition = JSON.stringify([recordingVersion, set]);
  const hash = createHash('sha256').update(definition).digest('hex').slice(0, 12);
  return join(testCacheDir(), 'npm-registry', `${set.name}-${hash}`);
}
