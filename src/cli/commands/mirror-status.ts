import { AshlarError } from '../../errors/ashlar-error.ts';
import type { Json } from '../../image/canonical-json.ts';
import type { MirrorStatus } from '../../../mirror/index.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { formatBytes, formatTable } from '../terminal.ts';

const timeoutMs = 5_000;

/** Asks a running mirror how it is. Throws `mirror_unreachable`. */
export async function mirrorStatus(
  _context: CommandContext,
  mirror: string,
): Promise<FinishedCommand> {
  const status = await ask(mirror);
  return { json: status as unknown as Json, text: describe(mirror, status) };
}

async function ask(mirror: string): Promise<MirrorStatus> {
  const url = URL.parse('-/ashlar/status', mirror.endsWith('/') ? mirror : `${mirror}/`);
  if (url === null) throw new AshlarError('config_invalid', `--mirror is no address: ${mirror}`);
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    if (response.ok) return (await response.json()) as MirrorStatus;
    throw unreachable(`${url.origin} answered ${response.status}`, undefined);
  } catch (error) {
    if (error instanceof AshlarError) throw error;
    throw unreachable(`no mirror answers at ${url.origin}`, error);
  }
}

function unreachable(problem: string, cause: unknown): AshlarError {
  return new AshlarError('mirror_unreachable', problem, { cause });
}

function describe(mirror: string, status: MirrorStatus): string {
  const { totals, origins, findings, registries } = status;
  const share = totals.requests === 0 ? 0 : (100 * totals.fromCache) / totals.requests;
  const lines = [
    `${mirror} up ${duration(status.upMs)}, ${status.connections} connections`,
    `requests  ${totals.requests}, ${share.toFixed(1)} % from the cache, ${formatBytes(totals.sentBytes)} sent, ${totals.failures} failed`,
    `cache     ${formatBytes(status.cache.bytes)}, ${formatBytes(status.cache.evicted.bytes)} evicted`,
    '',
    formatTable([
      ['registry', 'known as', 'fetched from'],
      ...registries.map(({ name, hosts, upstreams }) => [
        name,
        hosts.join(' '),
        upstreams.join(' '),
      ]),
    ]),
    '',
    formatTable([
      ['upstream', 'state', 'last failure'],
      ...origins.map(({ origin, isResting, lastFailure }) => [
        origin,
        isResting ? 'failing' : 'well',
        lastFailure ?? '',
      ]),
    ]),
    '',
    ...(findings.length === 0
      ? ['nothing is slow and nothing fails']
      : findings.map(({ fault, message }) => `${fault}: ${message}`)),
  ];
  const tables = (['packages', 'clients', 'builds'] as const).flatMap((name) =>
    status[name].length === 0
      ? []
      : [
          '',
          formatTable([
            [name, 'requests', 'time', 'slowest', 'sent', 'failed'],
            ...status[name].map((total) => [
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
  return [...lines, ...tables].join('\n');
}

function duration(ms: number): string {
  if (ms < 1_000) return `${ms.toFixed(0)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 2 * 3_600_000
    ? `${(ms / 60_000).toFixed(0)} min`
    : `${(ms / 3_600_000).toFixed(0)} h`;
}
