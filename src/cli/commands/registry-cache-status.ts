import type { CacheStatus } from '../../../registry-cache/index.ts';
import type { Json } from '../../image/canonical-json.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { askStatus, describeFindings, describeSums, describeTotals } from '../serving-status.ts';
import { formatTable } from '../terminal.ts';

/** Asks a running registry cache how it is. Throws `server_unreachable`. */
export async function registryCacheStatus(
  _context: CommandContext,
  address: string,
): Promise<FinishedCommand> {
  const asked = { server: 'registry-cache', flag: '--cache-url' };
  const status = await askStatus<CacheStatus>(address, asked);
  return { json: status as unknown as Json, text: describe(address, status) };
}

function describe(address: string, status: CacheStatus): string {
  const { registries, findings, repositories, clients, builds } = status;
  const rows = registries.flatMap(({ name, origins, rateLimit }) =>
    origins.map(({ origin, isResting, troubledSinceMs, lastFailure }, index) => [
      index === 0 ? name : '',
      origin,
      isResting || troubledSinceMs !== null ? 'failing' : 'well',
      rateLimit === null ? '' : `${rateLimit.remaining} of ${rateLimit.limit}`,
      lastFailure ?? '',
    ]),
  );
  return [
    ...describeSums(address, status),
    '',
    formatTable([
      ['registry', 'fetched from', 'state', 'left of its limit', 'last failure'],
      ...rows,
    ]),
    '',
    ...describeFindings(findings),
    ...describeTotals({ repositories, clients, builds }),
  ].join('\n');
}
