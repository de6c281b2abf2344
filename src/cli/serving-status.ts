import { AshlarError } from '../errors/ashlar-error.ts';
import type { Finding } from '../serving/observe/findings.ts';
import type { CacheFacts } from '../serving/observe/serving-metrics.ts';
import type { NamedTotal, Total } from '../serving/observe/totals.ts';
import { networkFailure } from '../upstream/network-failure.ts';
import { formatBytes, formatTable } from './terminal.ts';

const timeoutMs = 5_000;

/** Asks a running server on this machine how it is. `server` is what it is called. Throws `server_unreachable`. */
export async function askStatus<T>(
  address: string,
  { server, flag }: { readonly server: string; readonly flag: string },
): Promise<T> {
  const url = URL.parse('-/ashlar/status', address.endsWith('/') ? address : `${address}/`);
  if (url === null) throw new AshlarError('config_invalid', `${flag} is no address: ${address}`);
  const { request } = await import('undici');
  try {
    // Not `fetch`, which asks no server at ports that browsers shun, such as 5060.
    const signal = AbortSignal.timeout(timeoutMs);
    const { statusCode, body } = await request(url, { signal, reset: true });
    if (statusCode === 200) return (await body.json()) as T;
    throw unreachable(`${url.origin} answered ${statusCode}`, { server, flag });
  } catch (error) {
    if (error instanceof AshlarError) throw error;
    const reason = networkFailure(error, url.host)?.message;
    const problem = `no ${server.replace('-', ' ')} answers at ${url.origin}`;
    throw unreachable(
      reason === undefined ? problem : `${problem}: ${reason}`,
      { server, flag },
      error,
    );
  }
}

function unreachable(
  problem: string,
  { server, flag }: { readonly server: string; readonly flag: string },
  cause?: unknown,
): AshlarError {
  return new AshlarError('server_unreachable', problem, {
    cause,
    hint: `Start it with \`ashlar ${server} serve\`, or name another with ${flag}.`,
  });
}

export interface ServedSums {
  readonly upMs: number;
  readonly connections: number;
  readonly cache: CacheFacts;
  readonly totals: Readonly<Total>;
}

/** What a server did since it began. */
export function describeSums(
  address: string,
  { upMs, connections, cache, totals }: ServedSums,
): string[] {
  const share = totals.requests === 0 ? 0 : (100 * totals.fromCache) / totals.requests;
  return [
    `${address} up ${duration(upMs)}, ${connections} connections`,
    `requests  ${totals.requests}, ${share.toFixed(1)} % from the cache, ${formatBytes(totals.sentBytes)} sent, ${totals.failures} failed`,
    `cache     ${formatBytes(cache.bytes)}, ${formatBytes(cache.evicted.bytes)} evicted`,
  ];
}

export function describeFindings(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return ['nothing is slow and nothing fails'];
  return findings.map(({ fault, message }) => `${fault}: ${message}`);
}

/** A table for each list that is not empty, with an empty line before it. */
export function describeTotals(tables: Readonly<Record<string, readonly NamedTotal[]>>): string[] {
  return Object.entries(tables).flatMap(([name, totals]) =>
    totals.length === 0
      ? []
      : [
          '',
          formatTable([
            [name, 'requests', 'time', 'slowest', 'sent', 'failed'],
            ...totals.map((total) => [
              total.name,
              String(total.requests),
              duration(total.wallMs),
              duration(total.slowestMs),
              formatBytes(total.sentBytes),
              String(total.failures),
            ]),
          ]),
        ],
  );
}

function duration(ms: number): string {
  if (ms < 1_000) return `${ms.toFixed(0)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 2 * 3_600_000
    ? `${(ms / 60_000).toFixed(0)} min`
    : `${(ms / 3_600_000).toFixed(0)} h`;
}
