import { join } from 'node:path';
import { certificatesIn, loadMirrorConfig, mirroredNames } from '../../mirror/index.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { openTlsAuthority } from '../tls/authority.ts';
import { readPublishedAuthorities } from '../tls/authority-facts.ts';
import type { CommandContext } from './command-context.ts';
import { ensureHome } from './ensure-home.ts';

/** What tells which hosts are mirrored, as `ashlar mirror serve` is told. */
export interface HostSettings {
  readonly configFile: string | null;
  /** Further hosts of the default registry. */
  readonly hosts: readonly string[];
}

/** What machines are to trust that come to this machine's mirror, and by which names they come. */
export interface ClientAuthority {
  readonly names: readonly string[];
  /** In PEM. */
  readonly certificates: readonly string[];
  /** Where nobody said which hosts are mirrored: whose names these are, in a sentence for people. Else null. */
  readonly note: string | null;
}

/**
 * The authority that the mirror on this machine shows. Where the settings do not say which hosts are mirrored, they are those
 * that its newest authority is for. One is made where there is none, so that machines can be given its certificate before the
 * mirror runs, but never beside another: the mirror alone knows whether it will show it. Throws `config_invalid` where
 * the one that is there is not for all of the hosts, and what `openTlsAuthority` throws.
 */
export async function openClientAuthority(
  context: CommandContext,
  { configFile, hosts }: HostSettings,
): Promise<ClientAuthority> {
  const directory = join(context.config.home, 'authority');
  const published = await readPublishedAuthorities(directory, context.nowMs());
  const certificates = published.map(({ certificatePem }) => certificatePem);
  const newest = published.at(-1);
  const isTold = configFile !== null || hosts.length > 0;
  if (newest !== undefined && !isTold) {
    const note = `The hosts are those of the newest authority in ${directory}: ${newest.hosts.join(', ')}. Where the mirror runs with others, name them as \`mirror serve\` has them, with --config and --host.`;
    return { names: newest.hosts, certificates, note };
  }
  const names = mirroredNames(await loadMirrorConfig(configFile, { upstreams: [], hosts }));
  if (newest !== undefined) {
    requireCovered(names, { directory, covered: published.flatMap((each) => each.hosts) });
    return { names, certificates, note: null };
  }
  await ensureHome(context);
  const made = await openTlsAuthority({ directory, hosts: names, nowMs: context.nowMs });
  return { names, certificates: certificatesIn(await made.caBundlePem()), note: null };
}

function requireCovered(
  names: readonly string[],
  { directory, covered }: { readonly directory: string; readonly covered: readonly string[] },
): void {
  const missing = names.filter((name) => !covered.includes(name));
  if (missing.length === 0) return;
  throw new AshlarError(
    'config_invalid',
    `the authority in ${directory} is for ${[...new Set(covered)].join(', ')}, and not for ${missing.join(', ')}`,
    {
      data: { path: directory, missing },
      hint: 'Start `ashlar mirror serve` with the same --config and --host first: it makes an authority for them. Without --config and --host this command takes the hosts of the newest authority that is there.',
    },
  );
}
