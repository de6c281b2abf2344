/** The process of `runStreams`: a plan on stdin, the result on stdout. */
import { createHash } from 'node:crypto';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { errors, Pool } from 'undici';
import { systemErrorCode } from '../../src/index.ts';
import type { StreamPlan, StreamResult } from './stream-load.ts';

const plan = (await json(process.stdin)) as StreamPlan;
const { name, digest, sizeBytes, clients, partBytes, idleTimeoutMs } = plan;
const path = `/v2/${name}/blobs/${digest}`;
const failures = new Map<string, number>();
let bytes = 0;

const startMs = performance.now();
const manifest = await outcomeOf(() => alone(fetchManifest));
const streams = [
  () => alone(readAll),
  ...Array.from({ length: clients }, (_, index) => [
    () => alone(readBeginning),
    () => alone((own) => readRange(own, placeOf(index))),
  ]).flat(),
];
const outcomes =
  manifest === null ? await Promise.all(streams.map(outcomeOf)) : streams.map(() => manifest);
for (const outcome of outcomes) {
  if (outcome !== null) failures.set(outcome, (failures.get(outcome) ?? 0) + 1);
}
const result: StreamResult = {
  wallMs: performance.now() - startMs,
  bytes,
  streams: streams.length,
  failed: outcomes.filter((outcome) => outcome !== null).length,
  failures: Object.fromEntries(failures),
};
process.stdout.write(JSON.stringify(result));

type Outcome = string | null;

/** On a connection of its own. */
async function alone(use: (own: Pool) => Promise<Outcome>): Promise<Outcome> {
  const timeouts = { headersTimeout: idleTimeoutMs, bodyTimeout: idleTimeoutMs };
  const own = new Pool(plan.url, { connections: 1, pipelining: 1, ...timeouts });
  try {
    return await use(own);
  } finally {
    await own.destroy();
  }
}

/** As each pull does before; from it a cache knows what the blob is. */
async function fetchManifest(own: Pool): Promise<Outcome> {
  const accept = 'application/vnd.oci.image.manifest.v1+json';
  const latest = `/v2/${name}/manifests/latest`;
  const answer = await own.request({ method: 'GET', path: latest, headers: { accept } });
  await answer.body.dump();
  return answer.statusCode === 200 ? null : `manifest: ${answer.statusCode}`;
}

async function readAll(own: Pool): Promise<Outcome> {
  const answer = await own.request({ method: 'GET', path });
  const hash = createHash('sha256');
  for await (const part of answer.body as AsyncIterable<Buffer>) {
    bytes += part.length;
    hash.update(part);
  }
  if (answer.statusCode !== 200) return String(answer.statusCode);
  return `sha256:${hash.digest('hex')}` === digest ? null : 'wrong bytes';
}

/** The rest is not wanted: the client leaves. */
async function readBeginning(own: Pool): Promise<Outcome> {
  const answer = await own.request({ method: 'GET', path });
  if (answer.statusCode !== 200) return String(answer.statusCode);
  const beganMs = performance.now();
  let readBytes = 0;
  for await (const part of answer.body as AsyncIterable<Buffer>) {
    bytes += part.length;
    readBytes += part.length;
    if (readBytes >= partBytes) return null;
    const dueMs = beganMs + (readBytes / plan.readBytesPerSec) * 1000;
    const aheadMs = dueMs - performance.now();
    if (aheadMs > 1) await pause(aheadMs);
  }
  return 'ended too early';
}

async function readRange(own: Pool, from: number): Promise<Outcome> {
  const headers = { range: `bytes=${from}-${from + partBytes - 1}` };
  const answer = await own.request({ method: 'GET', path, headers });
  if (answer.statusCode === 200) return 'range not heeded';
  let readBytes = 0;
  for await (const part of answer.body as AsyncIterable<Buffer>) {
    bytes += part.length;
    readBytes += part.length;
  }
  if (answer.statusCode !== 206) return String(answer.statusCode);
  return readBytes === partBytes ? null : 'ended too early';
}

/** All over the blob, neighbours far from one another. */
function placeOf(index: number): number {
  const share = (index * 0.618_033_988_75) % 1;
  return Math.floor(share * (sizeBytes - partBytes));
}

async function outcomeOf(read: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof errors.UndiciError) return error.code;
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    return code;
  }
}
