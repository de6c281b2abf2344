import {
  AshlarError,
  createTarReader,
  decompress,
  defaultTarLimits,
  type FileTree,
  looksLikeTar,
  toDisplay,
} from '../../src/index.ts';
import type { TreeSelection } from '../context/select-sources.ts';
import type { SourceTree } from '../context/source-tree.ts';
import { applyLayer } from '../import/apply-layer.ts';
import type { BuildSession } from './build-session.ts';
import { treePath } from './image-source-tree.ts';
import { makeDirectory } from './put-files.ts';

export interface UnpackRequest {
  readonly session: BuildSession;
  readonly tree: FileTree;
  readonly source: SourceTree;
  readonly latestSec: number | null;
}

/** An archive that unpacks to more than this is a bomb. */
const maxArchiveBytes = 64 * 1024 ** 3;

/**
 * What ADD does with a file: when it is a tar archive, compressed with gzip, zstd or xz or not at all, its files go into
 * the destination directory. Gives false for anything else.
 */
export function createUnpacker(request: UnpackRequest): (entry: TreeSelection) => Promise<boolean> {
  const { session, tree, latestSec } = request;
  return async (entry) => {
    const directory = entry.unpackInto;
    if (directory === undefined || !(await isArchive(request, entry))) return false;
    const time = { nowSec: Math.floor(session.nowMs() / 1000), latestSec };
    const root = makeDirectory({ tree, owner: undefined, time }, treePath(directory));
    const label = toDisplay(entry.sourcePath);
    await using reader = createTarReader(plainBytes(request, entry), {
      limits: defaultTarLimits,
      label,
    });
    await applyLayer({
      tree,
      reader,
      dialect: 'plain',
      intake: session.intake,
      label,
      maxContentBytes: maxArchiveBytes,
      root,
      ...(latestSec === null ? {} : { latestSec }),
    });
    return true;
  };
}

async function isArchive(request: UnpackRequest, entry: TreeSelection): Promise<boolean> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of plainBytes(request, entry)) {
      parts.push(part);
      bytes += part.length;
      if (bytes >= 512) break;
    }
  } catch (error) {
    // Not what it begins like, or a compression that is not known: then it is a file like any other.
    if (error instanceof AshlarError && error.code === 'layer_invalid') return false;
    throw error;
  }
  return looksLikeTar(Buffer.concat(parts));
}

function plainBytes(
  { session, source }: UnpackRequest,
  entry: TreeSelection,
): AsyncIterable<Buffer> {
  const label = toDisplay(entry.sourcePath);
  return decompress(asBuffers(source.readFile(entry.sourcePath, session.signal)), {
    allowed: ['none', 'gzip', 'zstd', 'xz'],
    fail: (problem) =>
      new AshlarError('layer_invalid', `the archive ${label} ${problem}`, {
        data: { path: label },
      }),
    signal: session.signal,
  });
}

async function* asBuffers(source: AsyncIterable<Uint8Array>): AsyncIterable<Buffer> {
  for await (const part of source) yield Buffer.from(part.buffer, part.byteOffset, part.byteLength);
}
