import {
  AshlarError,
  createTarReader,
  decompress,
  defaultTarLimits,
  looksLikeTar,
  toDisplay,
} from '../../src/index.ts';
import type { TreeSelection } from '../context/select-sources.ts';
import type { SourceTree } from '../context/source-tree.ts';
import { applyLayer } from '../import/apply-layer.ts';
import type { BuildSession } from './build-session.ts';
import { treePath } from './image-source-tree.ts';
import { makeDirectory, type Owner } from './put-files.ts';
import type { StageImage } from './stage-image.ts';

export interface UnpackRequest {
  readonly session: BuildSession;
  readonly target: StageImage;
  readonly source: SourceTree;
  /** Of directories that have to be made; what is in an archive has owners of its own. */
  readonly owner: Owner | undefined;
  readonly latestSec: number | null;
}

/** An archive that unpacks to more than this is a bomb. */
const maxArchiveBytes = 64 * 1024 ** 3;
const tarHeaderBytes = 512;

/**
 * What ADD does with a file: when it is a tar archive, compressed with gzip, zstd or xz or not at all, its files go into
 * the destination directory. Gives false for anything else, but refuses bzip2, which Docker would undo
 * (`dockerfile_unsupported`).
 */
export function createUnpacker(request: UnpackRequest): (entry: TreeSelection) => Promise<boolean> {
  const { session, target, owner, latestSec } = request;
  return async (entry) => {
    const directory = entry.unpackInto;
    if (directory === undefined || !(await isArchive(request, entry))) return false;
    const time = { nowSec: Math.floor(session.nowMs() / 1000), latestSec };
    const root = await makeDirectory({ tree: target.files, owner, time }, treePath(directory));
    const tree = await target.tree();
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
  await refuseBzip2(request, entry);
  try {
    return looksLikeTar(await headOf(plainBytes(request, entry), tarHeaderBytes));
  } catch (error) {
    // Not what it begins like, or a compression that is not known: then it is a file like any other.
    if (error instanceof AshlarError && error.code === 'layer_invalid') return false;
    throw error;
  }
}

async function refuseBzip2(
  { source, session }: UnpackRequest,
  { sourcePath }: TreeSelection,
): Promise<void> {
  const head = await headOf(asBuffers(source.readFile(sourcePath, session.signal)), 4);
  if (!/^BZh[1-9]/.test(head.toString('latin1'))) return;
  throw new AshlarError(
    'dockerfile_unsupported',
    `ADD does not unpack ${toDisplay(sourcePath)}: it is compressed with bzip2`,
    {
      data: { path: toDisplay(sourcePath) },
      hint: 'Compress it with gzip, xz or zstd, or use COPY to have it as it is.',
    },
  );
}

/** The first bytes of a stream, these many or all. */
async function headOf(stream: AsyncIterable<Buffer>, wantedBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of stream) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= wantedBytes) break;
  }
  return Buffer.concat(parts);
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
