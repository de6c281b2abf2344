/** The process of `runLoad`: a plan on stdin, the result on stdout. */
import { createHash } from 'node:crypto';
import { json } from 'node:stream/consumers';
import { errors, Pool } from 'undici';
import { systemErrorCode } from '../../src/index.ts';
import type { LoadPlan, LoadResource, LoadResult } from './load.ts';

const plan = (await json(process.stdin)) as LoadPlan;
const latenciesMs: number[] = [];
const failures = new Map<string, number>();
let bodyBytes = 0;
let wrongBodies = 0;
let failedClients = 0;

const startMs = performance.now();
const endMs = startMs + (plan.durationMs ?? Infinity);
const limit = AbortSignal.timeout(plan.limitMs ?? 2 ** 31 - 1);
await Promise.all(Array.from({ length: plan.clients }, runClient));
const wallMs = performance.now() - startMs;

const sorted = latenciesMs.toSorted((left, right) => left - right);
const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
const result: LoadResult = {
  wallMs,
  requests: sorted.length,
  bodyBytes,
  latencyMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
  failures: Object.fromEntries(failures),
  wrongBodies,
  failedClients,
};
process.stdout.write(JSON.stringify(result));

async function runClient(): Promise<void> {
  const { url, socketsPerClient, timeoutMs } = plan;
  const timeouts = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs, connectTimeout: timeoutMs };
  const pool = new Pool(url, { connections: socketsPerClient, pipelining: 1, ...timeouts });
  const turns = resourcesOf(plan);
  let isGood = true;
  const lane = async (): Promise<void> => {
    for (const resource of turns) {
      if (limit.aborted) {
        isGood = false;
        return;
      }
      const requestMs = performance.now();
      const failure = await fetchOnce(pool, resource);
      latenciesMs.push(performance.now() - requestMs);
      if (failure === null) continue;
      isGood = false;
      failures.set(failure, (failures.get(failure) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: socketsPerClient }, lane));
  await pool.destroy();
  if (!isGood) failedClients += 1;
}

/** One sequence that all connections of a client take from. */
function* resourcesOf({ mode, resources }: LoadPlan): Generator<LoadResource> {
  yield* resources;
  if (mode === 'requests') while (performance.now() < endMs) yield* resources;
}

/** Null when the right bytes came, else why not. */
async function fetchOnce(pool: Pool, resource: LoadResource): Promise<string | null> {
  const { path, accept = '*/*', integrity } = resource;
  try {
    const headers = { accept, 'accept-encoding': 'gzip' };
    const answer = await pool.request({ method: 'GET', path, headers, signal: limit });
    const hash = createHash('sha512');
    for await (const part of answer.body as AsyncIterable<Buffer>) {
      bodyBytes += part.length;
      if (integrity !== undefined) hash.update(part);
    }
    if (answer.statusCode !== 200) return String(answer.statusCode);
    if (integrity === undefined || `sha512-${hash.digest('base64')}` === integrity) return null;
    wrongBodies += 1;
    return 'wrong bytes';
  } catch (error) {
    if (limit.aborted) return 'not in time';
    return nameOf(error);
  }
}

/** Of what undici throws when a server or its connection fails. */
function nameOf(error: unknown): string {
  if (error instanceof errors.UndiciError) return error.code;
  const code = systemErrorCode(error);
  if (code === undefined) throw error;
  return code;
}
