import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  type Architecture,
  architectures,
  findRelease,
  loadReleases,
  packTree,
  type ReconstructedFile,
  type ReconstructedTree,
  reconstructTree,
  type Release,
  type SudoInstall,
} from '../../../base-images/index.ts';
import { toDisplay } from '../../bytes/byte-path.ts';
import { AshlarError, systemErrorCode } from '../../errors/ashlar-error.ts';
import type { Json } from '../../image/canonical-json.ts';
import { hostPlatform } from '../../oci/platform.ts';
import type { CommandContext } from '../command-context.ts';
import { type CommandResult, formatTable } from '../terminal.ts';

export interface BaseReconstructOptions {
  /** Of releases; none for all. */
  readonly names: readonly string[];
  readonly sudo: SudoInstall;
  /** Where the tree is written as a tar archive. */
  readonly outFile: string | undefined;
}

/**
 * `ashlar base reconstruct [RELEASE...]`: the trees of releases as far as the data say what is in them, for this machine's
 * architecture. Throws `release_unknown`, and `invalid_request` for a file that cannot be written or would take several trees.
 */
export async function baseReconstruct(
  { signal }: CommandContext,
  { names, sudo, outFile }: BaseReconstructOptions,
): Promise<CommandResult> {
  const all = await loadReleases();
  const releases = names.length === 0 ? all : names.map((name) => findRelease(all, name));
  const architecture = ownArchitecture();
  const made = releases.map((release): Reconstructed => ({
    release,
    sudo,
    architecture,
    tree: reconstructTree(release, { sudo, architecture }),
  }));
  if (outFile === undefined)
    return { json: { releases: made.map(jsonOf) }, text: made.map(textOf).join('\n\n') };
  const [first, second] = made;
  if (first === undefined || second !== undefined)
    throw new AshlarError('invalid_request', '--out takes the tree of one release', {
      hint: 'Name one release, such as `ashlar base reconstruct ubuntu:18.04 --out tree.tar`.',
    });
  const path = resolve(outFile);
  await writeArchive(first.tree, path, signal);
  const { id } = first.release;
  return { json: { release: id, sudo, architecture, path }, text: path };
}

interface Reconstructed {
  readonly release: Release;
  readonly sudo: SudoInstall;
  readonly architecture: Architecture;
  readonly tree: ReconstructedTree;
}

/** What is known of releases is the same on every processor; the headers of programs have to name one. */
function ownArchitecture(): Architecture {
  const host = hostPlatform().architecture;
  return architectures.find((one) => one === host) ?? 'amd64';
}

function jsonOf({ release, sudo, architecture, tree }: Reconstructed): Json {
  const { id, title } = release;
  const files = Object.entries(tree).map(([path, file]): [string, Json] => [path, fileJson(file)]);
  return { release: id, title, sudo, architecture, files: Object.fromEntries(files) };
}

/** Content is in base64. */
function fileJson(file: ReconstructedFile): Json {
  if (typeof file === 'string') return { content: Buffer.from(file).toString('base64') };
  if (!('content' in file)) return { ...file };
  return { ...file, content: Buffer.from(file.content).toString('base64') };
}

function textOf({ release, sudo, tree }: Reconstructed): string {
  const rows = Object.entries(tree)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([path, file]) => rowOf(`/${toDisplay(path)}`, file));
  return `${release.title} (${release.id}), sudo ${sudo}:\n${formatTable(rows)}`;
}

function rowOf(path: string, file: ReconstructedFile): string[] {
  const plain = typeof file === 'string' ? { content: file } : file;
  const { uid = 0, gid = 0 } = plain;
  const owner = `${uid}:${gid}`;
  const modeOr = (usual: number): string => (plain.mode ?? usual).toString(8).padStart(4, '0');
  if ('target' in plain) return ['link', '0777', owner, `${path} -> ${toDisplay(plain.target)}`];
  if ('directory' in plain) return ['directory', modeOr(0o755), owner, path];
  return ['file', modeOr(0o644), owner, path];
}

async function writeArchive(
  tree: ReconstructedTree,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await pipeline(packTree(tree), createWriteStream(path), { signal });
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'ENOENT' && code !== 'EISDIR' && code !== 'EACCES' && code !== 'ENOTDIR')
      throw error;
    throw new AshlarError('invalid_request', `no archive can be written to ${path} (${code})`, {
      data: { path },
      hint: 'Name a file in a directory that is there, with --out.',
      cause: error,
    });
  }
}
