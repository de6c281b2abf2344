import { AshlarError } from '../../src/index.ts';
import { type Stage, withEmptyServer } from './cases.ts';
import type { RegistryServer } from './registry-server.ts';
import { runStreams, type StreamResult } from './stream-load.ts';

export interface StreamScale {
  readonly layerBytes: number;
  readonly clients: number;
  readonly partBytes: number;
  readonly readBytesPerSec: number;
  /** At which upstream sends the layer. */
  readonly arrivalBytesPerSec: number;
}

export interface StreamCaseResult extends StreamResult {
  readonly server: string;
  readonly bytesPerSec: number;
  readonly peakBytes: number;
  /** Of bodies. */
  readonly upstreamBytes: number;
}

const idleTimeoutMs = 120_000;
const timeoutMs = 5 * 60_000;

/** Streams of one large layer, while it arrives: see `StreamPlan`. */
export async function streamedLayer(
  stage: Stage,
  server: RegistryServer,
  { clients, partBytes, readBytesPerSec, arrivalBytesPerSec }: StreamScale,
): Promise<StreamCaseResult> {
  const { context, upstream, image } = stage;
  const [layer] = image.blobs.toSorted((left, right) => right.size - left.size);
  if (layer === undefined) throw new AshlarError('internal', 'an image without a layer');
  const name = server.nameOf(image.repository);
  const { digest, size: sizeBytes } = layer;
  const reading = { clients, partBytes, readBytesPerSec, idleTimeoutMs };
  await upstream.setPace(arrivalBytesPerSec);
  try {
    return await withEmptyServer(stage, server, async (running) => {
      const plan = { url: running.url, name, digest, sizeBytes, ...reading };
      const result = await runStreams(context, plan, timeoutMs);
      return {
        ...result,
        server: server.name,
        bytesPerSec: (result.bytes / result.wallMs) * 1000,
        peakBytes: await running.peakBytes(),
        upstreamBytes: (await upstream.counts()).bodyBytes,
      };
    });
  } finally {
    await upstream.setPace(0);
  }
}
