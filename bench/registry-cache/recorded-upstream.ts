import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AshlarError } from '../../src/index.ts';
import type { BenchContext } from '../benchmark.ts';
import { startCalledProcess } from './called-process.ts';

/** The recorded OCI registry of the tests, in a process of its own: what all servers have behind them. */
export interface RecordedUpstream extends AsyncDisposable {
  /** Ends in a slash. */
  readonly url: string;
  /** Makes an image of noise, `latest` of a repository. */
  put(image: ImageToMake): Promise<RecordedImage>;
  counts(): Promise<UpstreamCounts>;
  resetCounts(): Promise<void>;
  /** From the first request on that comes from now. */
  setFaults(rules: readonly FaultRule[]): Promise<void>;
  /** Where it says that tokens are given, as a URL; null: at its own address. */
  setRealm(realm: string | null): Promise<void>;
  /** Of bodies, for each connection; 0: as fast as it goes. */
  setPace(bytesPerSec: number): Promise<void>;
  outage(how: Outage): Promise<void>;
  restore(): Promise<void>;
  /** Writes manifests and blobs below `directory`, by the paths that they are asked for. */
  save(image: RecordedImage, directory: string): Promise<void>;
}

/** `stall`: requests are read and nothing is said. `refuse`: nobody listens. `reset`: connections are accepted and reset. */
export type Outage = 'stall' | 'refuse' | 'reset';

export interface ImageToMake {
  readonly repository: string;
  /** Of each layer's files. */
  readonly layerBytes: readonly number[];
  readonly compression: 'gzip' | 'none';
}

export interface RecordedImage {
  readonly repository: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly manifests: readonly ContentFacts[];
  readonly blobs: readonly ContentFacts[];
  readonly totalBytes: number;
}

export interface ContentFacts {
  readonly digest: string;
  readonly size: number;
}

export interface UpstreamCounts {
  /** By method and kind: `GET blob`, `HEAD manifest`, `GET token`. */
  readonly requests: Readonly<Partial<Record<string, number>>>;
  /** By method and path: `GET /v2/library/app/manifests/latest`. */
  readonly paths: Readonly<Partial<Record<string, number>>>;
  /** By method, kind and status: `GET manifest 401`, which is how a registry asks for a token. */
  readonly statuses: Readonly<Partial<Record<string, number>>>;
  readonly totalRequests: number;
  readonly bodyBytes: number;
  readonly faults: Readonly<Partial<Record<string, number>>>;
}

/** As the recorded registry takes it: which of the requests that a rule concerns get the fault. */
export interface FaultRule {
  readonly fault: { readonly name: string; readonly [detail: string]: string | number };
  readonly kinds: readonly ('manifest' | 'blob')[];
  readonly method: 'GET';
  readonly minBytes: number;
  readonly nth?: readonly number[];
  readonly every?: number;
}

/** To make an image of 2 GB takes longest. */
const callTimeoutMs = 240_000;
const auth = { scheme: 'bearer' };

/** Wants a Bearer token of its own token service, which everybody gets, and begins each answer after `latencyMs`. */
export async function startUpstream(
  context: BenchContext,
  { latencyMs }: { readonly latencyMs: number },
): Promise<RecordedUpstream> {
  const main = join(context.repoDir, 'test/support/oci-registry/main.ts');
  const child = await startCalledProcess<{ readonly url: string }>(context, {
    main,
    options: { auth, latencyMs },
    callTimeoutMs,
  });
  const { url } = child.started;
  const change = async (settings: object): Promise<void> =>
    void (await child.call('change', settings));
  return {
    url,
    async put({ repository, layerBytes, compression }) {
      await child.call('put', { repository, images: [{ layerBytes, compression }] });
      const facts = await child.call('facts', repository, 'latest');
      return { repository, ...(facts as Omit<RecordedImage, 'repository'>) };
    },
    counts: async () => (await child.call('counts')) as UpstreamCounts,
    resetCounts: async () => void (await child.call('resetCounts')),
    setFaults: (faults) => change({ faults }),
    setRealm: (realm) => change({ auth: realm === null ? auth : { ...auth, realm } }),
    setPace: (bytesPerSec) => change({ bytesPerSec }),
    outage: async (how) => void (await child.call('outage', how)),
    restore: async () => void (await child.call('restore')),
    async save(image, directory) {
      await change({ auth: { scheme: 'none' } });
      try {
        await saveImage(image, { url, directory, signal: context.signal });
      } finally {
        await change({ auth });
      }
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

interface SavePlace {
  readonly url: string;
  readonly directory: string;
  readonly signal: AbortSignal;
}

async function saveImage(
  { repository, digest, blobs }: RecordedImage,
  { url, directory, signal }: SavePlace,
): Promise<void> {
  const base = `v2/${repository}`;
  await mkdir(join(directory, base, 'manifests'), { recursive: true });
  await mkdir(join(directory, base, 'blobs'));
  const references = ['manifests/latest', `manifests/${digest}`];
  for (const path of [...references, ...blobs.map((blob) => `blobs/${blob.digest}`)]) {
    const answer = await fetch(`${url}${base}/${path}`, { signal });
    if (answer.status !== 200 || answer.body === null) {
      throw new AshlarError('internal', `${path} of the recorded registry: ${answer.status}`);
    }
    await pipeline(answer.body, createWriteStream(join(directory, base, path)), { signal });
  }
}
