import type { MirrorStatus } from '../../../mirror/index.ts';
import type { Json } from '../../image/canonical-json.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { askStatus, describeFindings, describeSums, describeTotals } from '../serving-status.ts';
import { formatTable } from '../terminal.ts';

/** Asks a running mirror how it is. Throws `server_unreachable`. */
export async function mirrorStatus(
  _context: CommandContext,
  mirror: string,
): Promise<FinishedCommand> {
  const status = await askStatus<MirrorStatus>(mirror, { server: 'mirror', flag: '--mirror' });
  return { json: status as unknown as Json, text: describe(mirror, status) };
}

function describe(mirror: string, status: MirrorStatus): string {
  const { origins, findings, registries, packages, clients, builds } = status;
  return [
    ...describeSums(mirror, status),
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
      ...origins.map(({ origin, isResting, troubledSinceMs, lastFailure }) => [
        origin,
        isResting || troubledSinceMs !== null ? 'failing' : 'well',
        lastFailure ?? '',
      ]),
    ]),
    '',
    ...describeFindings(findings),
    ...describeTotals({ packages, clients, builds }),
  ].join('\n');
}
