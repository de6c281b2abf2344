import type { Descriptor } from '../made-content.ts';
import { parsePlatform } from '../made-content.ts';
import { allManifestTypes } from '../media-types.ts';
import { inParallel } from '../../npm-registry/in-parallel.ts';
import { digestOf } from '../digest.ts';
import { type ParsedManifest, parseManifest } from '../parse-manifest.ts';
import { brokenOff, PullError, type PullResult, type PullTally } from './pull-result.ts';
import { openSession, type SessionOptions } from './pull-session.ts';
import { receiveBody, type ReceiveOptions } from './receive-body.ts';

export interface PullOptions extends SessionOptions {
  /** Tag or digest. */
  readonly reference: string;
  /** Of indexes, what is for `linux/amd64`, or another, or `all`. */
  readonly platform?: string;
  /** `all` hashes each blob, `sample` one that `seed` picks, `sizes` none. Manifests are hashed always. Default all. */
  readonly verify?: 'all' | 'sample' | 'sizes';
  readonly seed?: number;
  /** Blobs at once. Default 3. */
  readonly concurrency?: number;
  /** How often a request is made anew after a cut, 408, 429 or 5xx, at once. Default 0. */
  readonly retries?: number;
  /** How fast each body is read; default as fast as it comes. */
  readonly readBytesPerSec?: number;
}

const mostManifestBytes = 4 * 1024 * 1024;
const mostNested = 8;

interface Pull {
  readonly options: PullOptions;
  readonly receive: ReceiveOptions;
}

/**
 * Pulls an image as containerd does: HEAD of the tag, manifests by digest, blobs side by side; nothing is kept. What
 * the other side does wrong is in the result; what is thrown is a fault of the caller, or its signal.
 */
export async function ociPull(url: string, options: PullOptions): Promise<PullResult> {
  const startMs = performance.now();
  const tally: PullTally = {
    failures: [],
    statuses: {},
    headers: {},
    bytes: 0,
    wrongBytes: 0,
    retries: 0,
    firstAnswerMs: null,
  };
  using session = openSession(url, options, tally);
  const { retries = 0, readBytesPerSec = 0, signal } = options;
  const pull: Pull = { options, receive: { session, tally, retries, readBytesPerSec, signal } };
  let digest: string | null = null;
  try {
    const root = await resolveRoot(pull);
    digest = root.digest;
    const blobs = await findBlobs(pull, root, 0);
    const unique = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
    await fetchBlobs(pull, unique);
  } catch (error) {
    tally.failures.push(messageOf(error));
  }
  const ok = tally.failures.length === 0 && tally.wrongBytes === 0;
  return { ok, digest, ms: performance.now() - startMs, ...tally };
}

type Root = Pick<Descriptor, 'digest'> & { readonly size: number | null };

async function resolveRoot(pull: Pull): Promise<Root> {
  const { reference } = pull.options;
  if (reference.includes(':')) return { digest: reference, size: null };
  const head = await headOf(pull, reference);
  if (head !== null) return head;
  const bytes = await fetchManifest(pull, { reference, digest: null, size: null });
  return { digest: digestOf(bytes), size: bytes.length };
}

/** Null where the answer leaves out the digest, or HEAD is not answered at all. */
async function headOf({ options, receive }: Pull, reference: string): Promise<Root | null> {
  const headers = { accept: `${allManifestTypes}, */*` };
  const request = { method: 'HEAD', kind: 'manifest', reference, headers } as const;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await receive.session.open(request);
      response.resume();
      const status = response.statusCode ?? 0;
      if (status === 405) return null;
      if (status !== 200) throw new PullError('status', `HEAD ${reference}: ${status}`, status);
      const digest = response.headers['docker-content-digest']?.toString();
      const size = Number(response.headers['content-length']);
      return digest === undefined ? null : { digest, size };
    } catch (error) {
      options.signal?.throwIfAborted();
      const failure = brokenOff(error);
      if (failure === null || attempt >= (options.retries ?? 0) || failure.status === 404)
        throw error;
      receive.tally.retries += 1;
    }
  }
}

interface DueManifest {
  readonly reference: string;
  readonly digest: string | null;
  readonly size: number | null;
}

async function fetchManifest({ receive }: Pull, due: DueManifest): Promise<Buffer> {
  const parts: Buffer[] = [];
  let lengthBytes = 0;
  await receiveBody(receive, {
    kind: 'manifest',
    reference: due.reference,
    accept: `${allManifestTypes}, */*`,
    sizeBytes: due.size,
    digest: due.digest,
    keep(part) {
      lengthBytes += part.length;
      if (lengthBytes > mostManifestBytes) throw new PullError('wrong', 'a manifest above 4 MiB');
      parts.push(part);
    },
  });
  return Buffer.concat(parts);
}

async function findBlobs(pull: Pull, root: Root, depth: number): Promise<Descriptor[]> {
  if (depth > mostNested) throw new PullError('wrong', `indexes nest more than ${mostNested} deep`);
  const { digest, size } = root;
  const manifest = parseManifest(await fetchManifest(pull, { reference: digest, digest, size }));
  if (manifest.manifests === undefined) {
    const layers = (manifest.layers ?? []).filter(({ urls }) => urls === undefined);
    return [...(manifest.config === undefined ? [] : [manifest.config]), ...layers];
  }
  const blobs: Descriptor[] = [];
  for (const child of childrenOf(manifest, pull.options.platform ?? 'linux/amd64')) {
    blobs.push(...(await findBlobs(pull, child, depth + 1)));
  }
  return blobs;
}

/** Of indexes in an index, all, for they name no platform. */
function childrenOf({ manifests = [] }: ParsedManifest, platform: string): readonly Descriptor[] {
  if (platform === 'all') return manifests;
  const wanted = parsePlatform(platform);
  const fitting = manifests.filter(
    (one) =>
      one.platform === undefined ||
      (one.platform.os === wanted.os &&
        one.platform.architecture === wanted.architecture &&
        (wanted.variant === undefined || one.platform.variant === wanted.variant)),
  );
  if (fitting.length === 0) throw new PullError('status', `nothing for ${platform}`);
  return fitting;
}

async function fetchBlobs({ options, receive }: Pull, blobs: readonly Descriptor[]): Promise<void> {
  const { verify = 'all', seed = 0, concurrency = 3 } = options;
  const sampled = blobs[seed % blobs.length];
  await inParallel(blobs, concurrency, async (blob) => {
    const isHashed = verify === 'all' || (verify === 'sample' && blob === sampled);
    try {
      await receiveBody(receive, {
        kind: 'blob',
        reference: blob.digest,
        accept: `${blob.mediaType}, */*`,
        sizeBytes: blob.size,
        digest: isHashed ? blob.digest : null,
      });
    } catch (error) {
      receive.tally.failures.push(messageOf(error));
    }
  });
}

/** Rethrows what is no fault of the other side. */
function messageOf(error: unknown): string {
  const failure = brokenOff(error);
  if (failure === null) throw error;
  return failure.message;
}
