import {
  type BlockSource,
  bootImage,
  type BootResult,
  type FirstProcess,
  type GuestCommand,
} from '../../vm/index.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { leaseImage } from '../image/references/image-leases.ts';
import type { ImageConfig } from '../image/image-root.ts';
import type { ImageStore } from '../image/image-store.ts';
import { openImage, type OpenImage } from '../image/open-image.ts';
import { resolveImage } from '../image/references/tags.ts';
import { chunkBytes } from '../tree/inode.ts';
import type { CommandContext } from './command-context.ts';

export interface BootRequest {
  readonly reference: string;
  /** The command in place of the image's own; `check` boots and runs nothing of the image. */
  readonly argv?: readonly string[];
  readonly check?: 'starts';
  /** In place of the image's own user; empty for root. */
  readonly user?: string;
  readonly init?: FirstProcess;
  readonly memoryMiB?: number;
  readonly cpus?: number;
  readonly timeoutMs?: number;
  readonly onStdout?: (chunk: Buffer) => void;
  readonly onStderr?: (chunk: Buffer) => void;
}

const leaseMs = 24 * 3600_000;

/** Boots an image of the store and runs a command in it: the one given, or the image's entrypoint and command. */
export async function bootStoredImage(
  context: CommandContext,
  imageStore: ImageStore,
  request: BootRequest,
): Promise<BootResult> {
  const { objects } = imageStore;
  const image = await openImage(imageStore, await resolveImage(objects, request.reference));
  const command = commandOf(image.root.config, request);
  await using cleanup = new AsyncDisposableStack();
  cleanup.use(
    await leaseImage(objects, image.digest, {
      nowMs: context.nowMs(),
      lifetimeMs: leaseMs,
    }),
  );
  const { init, memoryMiB, cpus, timeoutMs, onStdout, onStderr } = request;
  return await bootImage({
    home: context.config.home,
    disk: blockSourceOf(image, context.signal),
    command,
    signal: context.signal,
    ...(init === undefined ? {} : { init }),
    ...(memoryMiB === undefined ? {} : { memoryMiB }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(onStdout === undefined ? {} : { onStdout }),
    ...(onStderr === undefined ? {} : { onStderr }),
  });
}

/** The image's disk, chunk by chunk as it is read. */
function blockSourceOf(image: OpenImage, signal: AbortSignal): BlockSource {
  return {
    sizeBytes: image.root.diskBytes,
    async read(offset, lengthBytes) {
      const result = Buffer.alloc(lengthBytes);
      const end = offset + lengthBytes;
      const reads: Promise<void>[] = [];
      for (let at = offset; at < end; at = nextChunk(at)) {
        const from = at;
        const to = Math.min(end, nextChunk(at));
        reads.push(
          copyChunk(image, { from, to, signal }, result.subarray(from - offset, to - offset)),
        );
      }
      await Promise.all(reads);
      return result;
    },
  };
}

async function copyChunk(
  image: OpenImage,
  range: { from: number; to: number; signal: AbortSignal },
  target: Buffer,
): Promise<void> {
  const index = Math.floor(range.from / chunkBytes);
  const chunk = await image.readChunk(index, range.signal);
  chunk?.copy(target, 0, range.from - index * chunkBytes, range.to - index * chunkBytes);
}

function nextChunk(offset: number): number {
  return (Math.floor(offset / chunkBytes) + 1) * chunkBytes;
}

function commandOf({ config }: ImageConfig, request: BootRequest): GuestCommand {
  const own = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  const given = request.argv !== undefined && request.argv.length > 0;
  const argv = request.check === 'starts' ? checkCommand(own) : given ? (request.argv ?? []) : own;
  if (argv.length === 0) {
    throw new AshlarError(
      'boot_command_missing',
      `the image ${request.reference} has no CMD and no ENTRYPOINT`,
      {
        data: { reference: request.reference },
      },
    );
  }
  return {
    argv,
    env: envOf(config.Env ?? []),
    workdir: config.WorkingDir || '/',
    user: request.user ?? config.User ?? '',
  };
}

/** What shows that an image starts: its own command, or without one a shell that ends at once. */
function checkCommand(own: readonly string[]): readonly string[] {
  return own.length > 0 ? own : ['/bin/sh', '-c', 'exit 0'];
}

function envOf(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const equals = entry.indexOf('=');
      return equals === -1 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}
